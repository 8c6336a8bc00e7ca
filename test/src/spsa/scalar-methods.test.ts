import { describe, expect, it } from 'vitest'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import { anyMethodSchema } from '../../../src/manifest/scalar-schema.ts'
import { checkScalarMethod, roomOf, scalarPresets, scalarSentence, stepsARound, unitOf } from '../../../src/spsa/scalar-methods.ts'

const STEPS = 1000
const { 'one-byte': oneByte, fedkseed, ferret } = scalarPresets
const whyOf = (method: ScalarSpec, steps = STEPS): string => {
  try {
    checkScalarMethod(method, steps)
  } catch (error) {
    expect(error).toMatchObject({ code: 'METHOD_CONTRADICTORY' })
    return (error as { why: string }).why
  }
  return ''
}

describe.each(Object.entries<ScalarSpec>(scalarPresets))('the preset %s', (_, method) => {
  it('keeps every rule, is a method of the manifest, and says what it does', () => {
    expect(whyOf(method)).toBe('')
    expect(anyMethodSchema.parse(method)).toEqual(method)
    expect(scalarSentence(method)).toContain(String(stepsARound(method)))
    expect(Number.isInteger(Math.log2(unitOf(method, STEPS)))).toBe(true)
  })
})

describe('a method of scalars whose numbers contradict each other', () => {
  it.each<readonly [string, ScalarSpec, number, string]>([
    ['compares within packs', { ...oneByte, checkEvery: 24 }, STEPS, 'packs hold 16 steps and none is split, so hashes are compared every multiple of them, not every 24 steps'],
    ['takes snapshots between comparisons', { ...oneByte, snapshotEvery: 160 }, STEPS, 'a snapshot stands for bytes that were compared: 160 steps are no multiple of the 128 between comparisons'],
    ['clips everything', { ...oneByte, clip: { ...oneByte.clip, ceiling: 0 } }, STEPS, 'a ceiling of level 0 clips every byte to nothing'],
    ['begins above its ceiling', { ...oneByte, clip: { ...oneByte.clip, first: 97 } }, STEPS, 'the first window\'s limit, level 97, lies above the ceiling of all, level 96'],
    ['counts too much between snapshots', { ...oneByte, snapshotEvery: 128 * 1_000_000 }, STEPS, 'do not fit into 32 bits with a ceiling of level 96: take snapshots more often'],
    ['has rounds and no end', fedkseed, 0, 'fedkseed counts a whole run in 32 bits, so the run needs an end: --steps'],
    ['has no end either', ferret, 0, 'ferret counts a whole run in 32 bits, so the run needs an end: --steps'],
    ['splits a round', fedkseed, 1010, 'rounds have 20 steps and none is split: the run’s 1010 steps are no multiple of them'],
    ['lasts too long for its level', fedkseed, 20_000_000, 'what up to 32 peers send in 20000000 steps does not fit into 32 bits with a largest level of 96: fewer steps or a lower level'],
    ['sends too many coordinates', { ...ferret, directions: 4096 }, 10_000, 'what up to 32 peers send in 10000 steps does not fit into 32 bits with a largest level of 96: fewer steps or a lower level']
  ])('is refused: it %s', (_, method, steps, why) => {
    expect(whyOf(method, steps)).toContain(why)
  })

  it('is not judged by the steps of a run that are not known yet', () => {
    expect(() => { checkScalarMethod(fedkseed) }).not.toThrow()
  })

  it('has room for four times as many peers as it is for, and for sixteen at least', () => {
    expect([1, 4, 5, 100].map(peers => roomOf({ ...fedkseed, peers }))).toEqual([16, 16, 20, 400])
  })

  it.each([
    { ...fedkseed, poolSize: 8193 }, { ...fedkseed, poolSize: 0 }, { ...fedkseed, localSteps: 4097 }, { ...fedkseed, largestLevel: 128 }, { ...fedkseed, window: 16 }, { ...fedkseed, epsilon: 0 },
    { ...ferret, directions: 4097 }, { ...ferret, blockSize: 0 }, { ...ferret, epsilon: 1 }, { ...ferret, kind: 'fairy' }
  ])('is no method at all beyond its schema: %j', method => {
    expect(anyMethodSchema.safeParse(method).success).toBe(false)
  })
})
