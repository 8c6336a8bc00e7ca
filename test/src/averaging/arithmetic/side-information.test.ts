import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FragmentRound } from '../../../../src/averaging/frame.ts'
import { FrameReplica } from '../../../../src/averaging/frame-replica.ts'
import type { FrameState } from '../../../../src/averaging/frame-state.ts'
import { MOST_WIDENINGS } from '../../../../src/compression/referenced-codec.ts'
import type { MethodSpec } from '../../../../src/manifest/schema.ts'
import { gaussian } from '../../compression/draws.ts'
import { thrownBy } from '../../compression/thrown-by.ts'
import { flat, member, members, method } from './lockstep.ts'
import type { Member } from './lockstep.ts'

const LENGTH = 600
const average = method({ groupSize: 2, outer: { kind: 'average' }, codec: 'modulo(3,64) | rans' })
const gossip = method({ groupSize: 2, outer: { kind: 'gossip', learningRate: 0.7, momentum: 0.3, momentumCodec: 'modulo(4,64)' }, codec: 'modulo(2,64) | rans' })
const noloco = method({ groupSize: 2, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 }, codec: 'modulo(3,64) | rans' })

interface Delivery {
  readonly bytes: number
  readonly questions: number
}

/** One side's contribution reaches the other, with as many questions as that takes. */
function deliver (from: FragmentRound, to: FragmentRound, sender: string): Delivery {
  const sent = from.contribution(0)
  let [bytes, questions] = [sent.payload.length, 0]
  let counts = to.receive(0, sender, sent)
  for (let question = to.wanting(0, sender); question !== undefined; question = to.wanting(0, sender)) {
    expect(counts).toBe(false)
    const answer = from.widening(0, question)
    expect(from.widening(0, question)).toEqual(answer)
    bytes += question.length + answer.length
    questions++
    counts = to.widen(0, sender, answer)
  }
  expect(counts).toBe(true)
  return { bytes, questions }
}

function openPair (pair: readonly Member[], round: number, tokens: readonly number[] = [100, 100]): readonly [FragmentRound, FragmentRound] {
  const [one, other] = pair.map(({ replica }, index) => replica.open({ round, fragment: 0, members: pair.map(({ id }) => id), parts: [{ start: 0, end: LENGTH }], tokens: tokens[index]! }))
  return [one!, other!]
}

/** A whole round of a pair. */
function sync (pair: readonly Member[], round = 1, tokens?: readonly number[]): Delivery {
  const [one, other] = openPair(pair, round, tokens)
  const [there, back] = [deliver(one, other, pair[0]!.id), deliver(other, one, pair[1]!.id)]
  one.commit(0)
  other.commit(0)
  return { bytes: there.bytes + back.bytes, questions: there.questions + back.questions }
}

function move (pair: readonly Member[], seed: number, size: number): void {
  pair.forEach(({ fast }, index) => {
    const step = gaussian(LENGTH, 100 * seed + index, size)
    fast.forEach((value, at) => { fast[at] = value + step[at]! })
  })
}

const start = gaussian(LENGTH, 5, 0.05)

describe('side information in a round', () => {
  it.each([['average', average], ['noloco', noloco], ['gossip with its momentum', gossip]] as const)('decodes to the bit on both sides, whatever the reference was, and keeps the mean of a pair: %s', (_, spec) => {
    const cases = fc.record({ apart: fc.double({ min: 1e-6, max: 100, noNaN: true }), step: fc.double({ min: 1e-6, max: 1, noNaN: true }), seed: fc.nat(1000), tokens: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })) })
    fc.assert(fc.property(cases, ({ apart, step, seed, tokens }) => {
      const pair = members(spec, [start, start.map((value, index) => value + apart * Math.sin(index + seed))])
      const alone = pair.map(({ id, fast }) => member(id, spec, fast))
      move(pair, seed, step)
      move(alone, seed, step)
      const share = tokens[0] / (tokens[0] + tokens[1])
      sync(pair, 1, tokens)
      alone.forEach(({ id, replica }) => { replica.open({ round: 1, fragment: 0, members: [id], parts: [{ start: 0, end: LENGTH }], tokens: 1 }).commit(0) })
      const mean = (of: readonly Member[], at: number): number => share * of[0]!.replica.slow[at]! + (1 - share) * of[1]!.replica.slow[at]!
      const bounded = Math.min(0.8, Math.max(0.2, share))
      if (bounded !== share) return
      const tolerance = 1e-5 * Math.max(1, apart)
      for (let at = 0; at < LENGTH; at++) expect(Math.abs(mean(pair, at) - mean(alone, at))).toBeLessThan(tolerance)
    }), { numRuns: 25 })
  })

  it('costs bits by how far the two are apart, which past rounds tell', () => {
    const pair = members(noloco, [start, start])
    const costs = Array.from({ length: 12 }, (_, round) => {
      move(pair, round, 0.0005)
      return sync(pair, round + 1).bytes
    })
    const bits = 8 * Math.max(...costs.slice(6)) / (2 * LENGTH)
    // 3 bits, 0.85 for the reach of a residue, and headers of 1.3 that a longer vector would not feel; the weights themselves are fifty times as large.
    expect(bits).toBeLessThan(6.6)
    expect(bits).toBeGreaterThan(2.5)
  })

  it('asks as often as it must and no more where the other is far off, and does not move before', () => {
    const pair = members(average, [start, start.map(value => value + 3)])
    move(pair, 1, 0.0001)
    const before = pair.map(({ fast }) => fast.slice())
    const [one, other] = openPair(pair, 1)
    const { questions } = deliver(one, other, 'a')
    expect(questions).toBeGreaterThan(0)
    expect(questions).toBeLessThanOrEqual(MOST_WIDENINGS)
    expect(pair.map(({ fast }) => fast)).toEqual(before)
    expect(other.wanting(0, 'a')).toBeUndefined()
    expect(other.widen(0, 'a', new Uint8Array(0))).toBe(false)
  })

  it('goes on from a checkpoint with the very bytes that it would have sent', () => {
    const pair = members(gossip, [start, start])
    for (let round = 1; round < 4; round++) {
      move(pair, round, 0.001)
      sync(pair, round)
    }
    const resumed = pair.map(({ id, fast, replica }): Member => {
      const copy = fast.slice()
      const state: FrameState = replica.exportState()
      return { id, fast: copy, gradient: copy, replica: new FrameReplica({ self: id, method: gossip, layout: flat(LENGTH), seed: 7, vectors: { fast: copy }, state }) }
    })
    for (const each of [pair, resumed]) move(each, 9, 0.001)
    openPair(pair, 4).forEach((round, index) => { expect(round.contribution(0)).toEqual(resumed[index]!.replica.open(round.plan).contribution(0)) })
  })

  it('forgets what it learned with the replica that it learned it of', () => {
    const pair = members(average, [start, start])
    move(pair, 1, 0.001)
    sync(pair)
    const known = (): Float32Array => pair[0]!.replica.exportState().kept['spreads0']!
    expect(known().every(spread => spread >= 0)).toBe(true)
    pair[0]!.replica.adopt({ round: 3, step: 9, weights: start })
    expect(known().every(spread => spread === -1)).toBe(true)
  })

  it('refuses questions and answers that are none, and stays as it was', () => {
    const pair = members(average, [start, start.map(value => value + 3)])
    const [one, other] = openPair(pair, 1)
    const sent = one.contribution(0)
    expect(other.receive(0, 'a', sent)).toBe(false)
    expect(other.receive(0, 'a', sent)).toBe(false)
    const question = other.wanting(0, 'a')!
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      expect(thrownBy(() => one.widening(0, bytes.length === 0 ? new Uint8Array(1) : bytes)).code).toBe('CODEC_CORRUPT')
      expect(thrownBy(() => other.widen(0, 'a', bytes)).code).toBe('CODEC_CORRUPT')
    }))
    expect(other.wanting(0, 'a')).toEqual(question)
    expect(other.widen(0, 'a', one.widening(0, question)) || other.wanting(0, 'a') !== undefined).toBe(true)
  })

  it('has nothing to say where contributions speak for themselves', () => {
    const plain: MethodSpec = { ...average, codec: 'int8(64)' }
    const pair = members(plain, [start, start])
    const [one, other] = openPair(pair, 1)
    expect(other.receive(0, 'a', one.contribution(0))).toBe(true)
    expect(other.wanting(0, 'a')).toBeUndefined()
    expect(thrownBy(() => one.widening(0, new Uint8Array(4))).code).toBe('CODEC_CORRUPT')
  })
})
