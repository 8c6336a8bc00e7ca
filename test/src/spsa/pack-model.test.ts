import fc from 'fast-check'
import { expect, it } from 'vitest'
import { clipLevel } from '../../../src/spsa/clipping.ts'
import { PackModel } from '../../../src/spsa/pack-model.ts'
import type { Pack } from '../../../src/spsa/pack-model.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { seedOfPool } from '../../../src/spsa/seeds.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { bell, partitioned, shuffled } from './support.ts'

const SIZE = 150
const base = bell(SIZE, 3)
const model = (mostPacks = 8): PackModel => new PackModel(heldWeights(base), new Int32Array(SIZE), {
  noise: rademacher, unit: 2 ** -12, mostPacks, clip: { largestLevel: 127, levelsAboveMedian: 4 },
  movesOf: ({ levels, pool }, limit) => [
    { contributions: Array.from(levels, (level, at) => ({ seed: seedOfPool('m', pool[at]!), amount: clipLevel(level, limit) })) },
    { block: { first: 40, size: 70 }, contributions: [{ seed: seedOfPool('m', 99), amount: levels[0] ?? 0 }] }
  ]
})
const packOf = (peer: number): Pack => ({ peer: `p${peer}`, firstStep: 4 * (peer % 2), levels: Int8Array.of(peer + 1, -3, 100, 7), pool: Uint16Array.of(peer, 1, 1, 5) })
const packs = Array.from({ length: 8 }, (_, peer) => packOf(peer))

it('has the same bits for the same packs, in whatever order and parts they came, whatever was withdrawn or moved alone between', () => {
  const plain = model()
  plain.add(packs.slice(0, 5))
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.integer({ min: -1000, max: 1000 }), (order, cuts, own) => {
    const other = model()
    for (const part of partitioned(shuffled(packs, order), cuts, 3)) {
      other.moveOwn({ seed: [own >>> 0, cuts >>> 0], amount: own })
      other.add(part)
      other.add(part)
    }
    for (const pack of shuffled(packs.slice(5), cuts)) expect(other.withdraw(pack)).toBe(true)
    expect(readAll(other.weightsBy(packs.slice(0, 5)))).toEqual(readAll(plain.weights))
    other.rebuild()
    other.takeBack()
    expect(readAll(other.weights)).toEqual(readAll(plain.weights))
  }), { numRuns: 30 })
})

it('tells the weights of any of its packs, and of packs that are still to come, and moves nothing', () => {
  const all = model()
  all.add(packs)
  const some = model()
  some.add(packs.slice(2, 4))
  const before = readAll(some.weights)
  expect(readAll(some.weightsBy(packs))).toEqual(readAll(all.weights))
  expect(readAll(all.weightsBy(packs.slice(2, 4)))).toEqual(before)
  expect(readAll(some.weights)).toEqual(before)
})

it('takes no more packs than its fixed point has room for, and moves nothing then', () => {
  const full = model(4)
  full.add(packs.slice(0, 3))
  const before = readAll(full.weights)
  expect(() => { full.add(packs.slice(3, 5)) }).toThrow('no more than 4 packs fit into this run')
  expect(readAll(full.weights)).toEqual(before)
  expect(full.withdraw(packs[7]!)).toBe(false)
})
