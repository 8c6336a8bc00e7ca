import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyHead } from '../../../src/spsa/chain.ts'
import { encodeHalf, halfDifference, toldOf } from '../../../src/spsa/half-loss.ts'
import type { Told } from '../../../src/spsa/half-loss.ts'
import type { Entry } from '../../../src/spsa/ledger-entry.ts'
import type { Bytes } from '../../../src/spsa/model-worker.ts'
import { PairFormer, pairName, sideOf } from '../../../src/spsa/pair-former.ts'
import { placesOf } from '../../../src/spsa/places.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { encodeTag, tagOf, tagged } from '../../../src/spsa/window-tag.ts'
import { Author, authors } from './authors.ts'
import { partitioned, shuffled, uint32 } from './support.ts'

const places = placesOf({ window: 4, passes: 'shared' })
const codec = scalarCodec()
const rules = { places, codec, form: 'value' } as const
const EPSILON = 1e-3
const UNIT = 2 * EPSILON * codec.smallest
const [ann, bob, cid, dan] = [...authors].sort((one, other) => one.peer < other.peer ? -1 : 1) as [Author, Author, Author, Author]
const AT = 'ab'.repeat(8)

/** A window of an author's, of four losses or four levels. */
function entryOf (author: Author, partner: Author, losses: readonly number[], { weights = AT, window = 0 } = {}): Entry {
  const told: Told[] = losses.map(loss => author === partner ? { level: loss, seed: 0 } : encodeHalf(loss, UNIT))
  const { levels, pool } = toldOf([...encodeTag({ weights, partner: tagged(partner.peer) }), ...told], true)
  return author.entry(emptyHead(author.peer), window * places.perWindow, [...levels], { pool: [...pool ?? []] })
}

/** What counts in the end, in an order of its own. */
function counted (changes: ReadonlyArray<ReturnType<PairFormer['change']>>): Bytes[] {
  const held = new Map<string, Bytes>()
  for (const { added, withdrawn } of changes) {
    for (const bytes of added) held.set(`${bytes.firstStep} ${bytes.peer}`, bytes)
    for (const bytes of withdrawn) held.delete(`${bytes.firstStep} ${bytes.peer}`)
  }
  return [...held].sort(([one], [other]) => one < other ? -1 : 1).map(([, bytes]) => bytes)
}

describe('half a loss in three bytes', () => {
  it('keeps the difference of two to a unit of 2ε·g₀, whatever the losses are, to all that the signed byte spans', () => {
    fc.assert(fc.property(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: -8e6, max: 8e6, noNaN: true }), (below, units) => {
      const above = below + units * UNIT
      expect(Math.abs(halfDifference(encodeHalf(above, UNIT), encodeHalf(below, UNIT)) - (above - below) / UNIT)).toBeLessThanOrEqual(1.001)
    }))
    expect(codec.decode(127) / codec.smallest).toBeLessThan(8.3e6)
  })

  it('abstains where a loss is no number, or none that can be told', () => {
    for (const loss of [NaN, Infinity, -Infinity, 1e300]) {
      expect(halfDifference(encodeHalf(loss, UNIT), encodeHalf(1, UNIT))).toBeNaN()
      expect(halfDifference(encodeHalf(1, UNIT), encodeHalf(loss, UNIT))).toBeNaN()
    }
  })

  it('fits into what an entry has for a place', () => {
    fc.assert(fc.property(fc.double({ noNaN: true }), loss => {
      const { level, seed } = encodeHalf(loss, UNIT)
      expect(Math.abs(level)).toBeLessThanOrEqual(127)
      expect([Number.isInteger(level), Number.isInteger(seed), seed >= 0 && seed < 65_536]).toEqual([true, true, true])
    }))
  })
})

describe('a tag', () => {
  it('says of an entry at which weights it was measured and with whom', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (one, other) => {
      const tag = { weights: one.toString(16).padStart(16, '0'), partner: other.toString(16).padStart(16, '0') }
      expect(tagOf({ pool: toldOf(encodeTag(tag), true).pool })).toEqual(tag)
    }))
  })
})

describe('two halves', () => {
  it('are the byte of the two-sided value on a quadratic, but for their units', () => {
    // L = ½‖θ − θ*‖²: (L(θ+εz) − L(θ−εz)) / 2ε = ⟨θ − θ*, z⟩
    const slopes = [0.5, -3, 40, -0.02]
    const losses = (sign: number): number[] => slopes.map(slope => 7 + sign * EPSILON * slope + 0.5 * EPSILON ** 2)
    const { added } = new PairFormer(rules).change([entryOf(ann, bob, losses(1)), entryOf(bob, ann, losses(-1))], [])
    expect(added).toMatchObject([{ peer: pairName(ann.peer, bob.peer), firstStep: 8 }])
    expect([sideOf(ann.peer, bob.peer), sideOf(bob.peer, ann.peer)]).toEqual(['above', 'below'])
    for (const [at, slope] of slopes.entries()) {
      const level = added[0]!.levels[at]!
      expect(Math.abs(codec.decode(level) - slope)).toBeLessThanOrEqual(0.066 * Math.abs(slope) + 1.001 * codec.smallest)
    }
  })

  it('abstain where either does, and say signs alone where signs are asked for', () => {
    const halves = [entryOf(ann, bob, [NaN, 2, 1, 1]), entryOf(bob, ann, [1, 1, NaN, 1.5])]
    expect([...new PairFormer(rules).change(halves, []).added[0]!.levels].map(Math.sign)).toEqual([0, 1, 0, -1])
    const one = codec.encode(1)
    expect([...new PairFormer({ ...rules, form: 'sign' }).change(halves, []).added[0]!.levels]).toEqual([0, one, 0, -one])
  })

  it('count nothing, with a reason, where one is missing, was measured elsewhere, or names somebody else; who ran both passes counts alone', () => {
    const reasonsOf = (...entries: Entry[]): string[] => {
      const former = new PairFormer(rules)
      expect(former.change(entries, []).added.map(({ peer }) => peer)).toEqual(entries.flatMap(entry => tagOf(entry).partner === tagged(entry.peer) ? [entry.peer] : []))
      return former.unpairedBefore(places.perWindow).map(({ reason }) => reason)
    }
    const losses = [1, 1, 1, 1]
    const [short, other] = [ann, bob].map(({ peer }) => `peer ${peer.slice(0, 8)}`)
    expect(reasonsOf(entryOf(ann, bob, losses))).toEqual([`the other half to the half of ${short} never came: ${other} sent none`])
    expect(reasonsOf(entryOf(ann, bob, losses), entryOf(bob, ann, losses, { weights: 'cd'.repeat(8) }))).toEqual([`the half of ${short} and that of ${other} were measured at other weights`, `the half of ${other} and that of ${short} were measured at other weights`])
    expect(reasonsOf(entryOf(ann, bob, losses), entryOf(bob, bob, [1, 2, 3, 4]))).toEqual([`the half of ${short} names ${other}, which measured with somebody else`])
    expect(reasonsOf(entryOf(ann, bob, losses), entryOf(bob, ann, losses, { window: 1 }))).toHaveLength(1)
    expect(reasonsOf(entryOf(cid, cid, [1, -2, 3, 0]))).toEqual([])
  })

  it('are told of once their windows are over, and forgotten with them', () => {
    const former = new PairFormer(rules)
    former.change([entryOf(ann, bob, [1, 1, 1, 1]), entryOf(bob, cid, [1, 1, 1, 1], { window: 1 })], [])
    expect(former.unpairedBefore(0)).toEqual([])
    expect(former.unpairedBefore(places.perWindow)).toHaveLength(1)
    former.forgetBefore(places.perWindow)
    expect(former.unpairedBefore(Infinity).map(({ entry }) => entry.peer)).toEqual([bob.peer])
  })
})

describe('which bytes halves make', () => {
  it('is a function of the set of entries, in whatever order they come and go and in whatever parts', () => {
    const people = [ann, bob, cid, dan]
    const choice = fc.record({ partner: fc.integer({ min: 0, max: 3 }), weights: fc.constantFrom(AT, 'cd'.repeat(8)), level: fc.integer({ min: -127, max: 127 }), isIn: fc.boolean(), leaves: fc.boolean() })
    fc.assert(fc.property(fc.array(choice, { minLength: 8, maxLength: 8 }), uint32, (choices, seed) => {
      const entries = choices.flatMap(({ partner, weights, level, isIn, leaves }, at) =>
        isIn ? [{ leaves, entry: entryOf(people[at % 4]!, people[partner]!, [level, 1, 0, 2], { weights, window: Math.floor(at / 4) }) }] : [])
      const staying = entries.filter(({ leaves }) => !leaves).map(({ entry }) => entry)
      const once = counted([new PairFormer(rules).change(staying, [])])
      const former = new PairFormer(rules)
      const changes = partitioned(shuffled(entries, seed), seed, 3).map(part => former.change(part.map(({ entry }) => entry), []))
      changes.push(...partitioned(shuffled(entries.filter(({ leaves }) => leaves), seed + 1), seed, 2).map(part => former.change([], part.map(({ entry }) => entry))))
      expect(counted(changes)).toEqual(once)
    }), { numRuns: 60 })
  })
})
