import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteModel, modelMemory } from '../../../src/spsa/byte-model.ts'
import type { ByteModelRules, ModelMemory, StepByte } from '../../../src/spsa/byte-model.ts'
import { nextLimit } from '../../../src/spsa/clipping.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { seedOfPool, seedOfStep } from '../../../src/spsa/seeds.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { bell, partitioned, shuffled, uint32 } from './support.ts'

const codec = scalarCodec()
const atOnce: ByteModelRules = {
  noise: rademacher, codec, learningRate: () => 0.01, largestLearningRate: 0.01, window: 4, clip: { levelsAboveMedian: 8, first: 90, ceiling: 90 }, epochSteps: 1000, contributions: 400
}
const start = bell(700, 4)
const base = heldWeights(start)
const memory = (): ModelMemory => modelMemory(start)

function bytesOf (levels: readonly number[], peers = 4): StepByte[] {
  return levels.map((level, at) => {
    const [step, peer] = [Math.floor(at / peers), `p${at % peers}`]
    return { id: `${step} ${peer}`, step, level, seed: seedOfStep('run', step, peer) }
  })
}

const levels = fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 1, maxLength: 60 })

describe.each([['', undefined], [' with momentum', 0.8]])('a byte model%s', (_name, beta) => {
  const momentumIn = (epochWindows: number): Pick<ByteModelRules, 'momentum'> => beta === undefined ? {} : { momentum: { beta, epochWindows, runWindows: 250 } }
  const rules = { ...atOnce, ...momentumIn(250) }

  it('has the same bits for the same set, in any order and partition, with repeats and withdrawals', () => {
    fc.assert(fc.property(levels, uint32, (given, order) => {
      const bytes = bytesOf(given)
      const whole = new ByteModel(memory(), rules)
      whole.add(bytes)
      const other = new ByteModel(memory(), rules)
      for (const part of partitioned(shuffled([...bytes, ...bytes], order), order, 9)) other.add(part)
      other.withdraw(bytes.slice(0, 5))
      other.add(bytes.slice(0, 5))
      expect(other.hash()).toBe(whole.hash())
      expect(readAll(other.weights)).toEqual(readAll(whole.weights))
    }), { numRuns: 20 })
  })

  it('forgets withdrawn bytes and the limits that they set', () => {
    const bytes = bytesOf([...new Array<number>(16).fill(20), ...new Array<number>(16).fill(80)])
    const loud = bytesOf(new Array<number>(16).fill(90)).map(byte => ({ ...byte, id: `loud ${byte.id}` }))
    const [plain, other] = [new ByteModel(memory(), rules), new ByteModel(memory(), rules)]
    plain.add(bytes)
    other.add([...loud, ...bytes])
    expect(other.hash()).not.toBe(plain.hash())
    other.withdraw(loud)
    expect(other.hash()).toBe(plain.hash())
  })

  it('knows what the bytes before a step made, without losing the later ones', () => {
    const bytes = bytesOf(Array.from({ length: 40 }, (_, i) => i - 20))
    const [early, all] = [new ByteModel(memory(), rules), new ByteModel(memory(), rules)]
    early.add(bytes.slice(0, 16))
    all.add(bytes)
    const before = all.hash()
    expect(all.hash(4)).toBe(early.hash())
    expect(readAll(all.at(4))).toEqual(readAll(early.weights))
    expect(all.hash()).toBe(before)
    all.rebuild()
    expect(all.hash()).toBe(before)
  })

  it('has the same bits in epochs, whenever those before are forgotten', () => {
    const short = { ...rules, epochSteps: 8, ...momentumIn(2) }
    fc.assert(fc.property(fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 37, maxLength: 60 }), uint32, (given, order) => {
      const bytes = bytesOf(given, 2)
      const whole = new ByteModel(memory(), short)
      whole.add(bytes)
      const late = new ByteModel(memory(), short)
      for (const part of partitioned(shuffled(bytes, order), order, 5)) late.add(part)
      expect(late.hash()).toBe(whole.hash())
      expect(late.hash(12)).toBe(whole.hash(12))
      const compacted = new ByteModel(memory(), short)
      const [before, after] = [bytes.filter(({ step }) => step < 8), bytes.filter(({ step }) => step >= 8)]
      compacted.add([...before, ...after.slice(0, 3)])
      compacted.compact(8)
      compacted.add(after.slice(3))
      expect(compacted.hash()).toBe(whole.hash())
      const begin = whole.startAt(8)
      const joiner = new ByteModel(modelMemory(begin.weights), short, begin)
      joiner.add(after)
      expect(joiner.hash()).toBe(whole.hash())
      expect(() => { joiner.add(before) }).toThrow(RangeError)
      whole.rebuild()
      expect(joiner.hash()).toBe(whole.hash())
    }), { numRuns: 15 })
  })

  it('refuses more bytes than fit, with nothing moved', () => {
    const model = new ByteModel(memory(), { ...rules, contributions: 10 })
    model.add(bytesOf(new Array<number>(10).fill(127)))
    const before = model.hash()
    expect(() => { model.add([{ id: 'x', step: 9, level: 1, seed: [1, 1] }]) }).toThrow(RangeError)
    expect(model.hash()).toBe(before)
  })
})

it('a byte moves by −η·decode(q)·z, to half a unit', () => {
  const model = new ByteModel(memory(), atOnce)
  const byte = bytesOf([30])[0]!
  model.add([byte])
  const z = new Int8Array(base.size)
  rademacher.fill(z, byte.seed, 0)
  const moved = readAll(model.weights).map((value, i) => (value - readAll(base)[i]!) * z[i]!)
  for (const value of moved.slice(0, 50)) expect(value).toBeCloseTo(-0.01 * codec.decode(30), 5)
})

describe('nextLimit', () => {
  const clip = { levelsAboveMedian: 8, first: 50, ceiling: 100 }

  it('is the median of magnitudes and so much more', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -90, max: 90 }).filter(level => level !== 0), { minLength: 4, maxLength: 50 }), given => {
      const sorted = given.map(Math.abs).sort((one, other) => one - other)
      const median = sorted[Math.ceil(sorted.length / 2) - 1]!
      expect(nextLimit(given, 0, clip)).toBe(Math.min(100, median + 8))
    }))
  })

  it('hears no abstentions and keeps its limit when too few speak', () => {
    expect(nextLimit([0, 0, 0, 0, 0, 50, 50, 50], 33, clip)).toBe(33)
    expect(nextLimit([0, 0, 0, 0, 50, 50, 50, 50], 33, clip)).toBe(58)
  })

  it('stays among the honest whatever two of eight send', () => {
    expect(nextLimit([20, 21, 22, 23, 24, 25, 127, -127], 0, clip)).toBe(23 + 8)
  })
})

it('names a direction of its own for every run, step, peer and place in the pool', () => {
  const seeds = [seedOfStep('r', 1, 'p'), seedOfStep('s', 1, 'p'), seedOfStep('r', 2, 'p'), seedOfStep('r', 1, 'q'), seedOfPool('r', 1), seedOfPool('r', 2)]
  expect(new Set(seeds.map(String)).size).toBe(seeds.length)
})
