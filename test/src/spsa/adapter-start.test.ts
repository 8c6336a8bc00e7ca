import { describe, expect, it } from 'vitest'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { trainedModel, trainedSize, trainedStart } from '../../../src/spsa/adapter-start.ts'
import { adaptersOf } from '../../../src/spsa/low-rank-weights.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { meanOf } from './support.ts'

const model: ModelSpec = { kind: 'gpt', layers: 2, width: 32, heads: 2, context: 16, vocabulary: 256 }
const whole = scalarPresets['one-byte']
const method = { ...whole, adapters: { rank: 3 } }
const adapters = adaptersOf(modelLayout(model), 3)
const genesis = genesisWeights(model, 5)

describe('what a run of bytes moves', () => {
  it('is the whole model where nothing else is said', () => {
    expect(trainedStart({ method: whole, model, seed: 5 })).toEqual(genesis)
    expect(trainedSize(whole, model)).toBe(genesis.length)
    expect(readAll(trainedModel(whole, model, heldWeights(genesis))(heldWeights(genesis)))).toEqual(genesis)
  })

  it('is the adapters alone where there are any: as many as factors of that rank have, the same for everybody, and at the start the seed’s model', () => {
    const start = trainedStart({ method, model, seed: 5 })
    expect(start).toEqual(trainedStart({ method, model, seed: 5 }))
    expect(start).not.toEqual(trainedStart({ method, model, seed: 6 }))
    expect([start.length, trainedSize(method, model)]).toEqual([adapters.size, adapters.size])
    expect(readAll(trainedModel(method, model, heldWeights(genesis))(heldWeights(start)))).toEqual(genesis)
  })

  it('has factors A of variance 1/columns beside B of zero', () => {
    const start = trainedStart({ method, model, seed: 5 })
    for (const { rows, columns, first } of adapters.parts) {
      const [left, right] = [start.subarray(first, first + 3 * rows), start.subarray(first + 3 * rows, first + 3 * (rows + columns))]
      expect(left.every(value => value === 0)).toBe(true)
      expect(Math.abs(meanOf(right.map(value => columns * value * value)) - 1)).toBeLessThan(6 * Math.sqrt(2 / right.length))
    }
  })

  it('makes W + B·A where a matrix has factors, and leaves the rest as it was', () => {
    const start = trainedStart({ method, model, seed: 5 })
    const { slot, rows, columns, first } = adapters.parts[0]!
    const moved = start.slice()
    moved[first + 3 * 2 + 1] = 0.5
    const made = readAll(trainedModel(method, model, heldWeights(genesis))(heldWeights(moved)))
    made.forEach((value, index) => {
      const [row, column] = [Math.floor((index - slot.offset) / columns), (index - slot.offset) % columns]
      const isMoved = index >= slot.offset && row === 2 && row < rows
      expect(value).toBe(isMoved ? Math.fround(genesis[index]! + 0.5 * start[first + 3 * rows + columns + column]!) : genesis[index])
    })
  })
})
