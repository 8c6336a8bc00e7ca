import { describe, expect, it } from 'vitest'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import { anyMethodSchema } from '../../../src/manifest/scalar-schema.ts'
import type { RunManifest } from '../../../src/manifest/schema.ts'
import { checkScalarMethod, checkScalarModel, oneByteRules, roomOf, scalarPresets, scalarSentence, stepsARound, stepsIn, unitOf } from '../../../src/spsa/scalar-methods.ts'
import { variantRemarks } from '../../../src/spsa/variants.ts'

const STEPS = 1000
const DATA = { corpus: 'sotu', sha256: '0'.repeat(64), holdOutEvery: 10, shards: 4, split: 'iid' } as const satisfies RunManifest['data']
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
    ['has no end either', ferret, 0, 'a chain of ferret counts its coordinates in 32 bits, so the run needs an end: --steps'],
    ['outgrows its chains', ferret, 100_000_000, 'a chain counts 2147483647 scalars at most, and the run’s 100000000 steps make 10240000000'],
    ['takes snapshots between comparisons of rounds', { ...ferret, snapshotEvery: 15 }, STEPS, 'a snapshot stands for bytes that were compared: 15 rounds are no multiple of the 4 between comparisons'],
    ['splits a round', fedkseed, 1010, 'rounds have 20 steps and none is split: the run’s 1010 steps are no multiple of them'],
    ['lasts too long for its level', fedkseed, 20_000_000, 'what up to 32 peers send in 20000000 steps does not fit into 32 bits with a largest level of 96: fewer steps or a lower level'],
    ['falls to no end', { ...oneByte, decay: 'cosine' }, 0, 'a cosine needs an end to fall to: --steps'],
    ['narrows to no end', { ...oneByte, epsilonDecay: 'linear' }, 0, 'a falling ε needs an end to fall to: --steps'],
    ['never stops rising', { ...fedkseed, warmup: STEPS }, STEPS, 'a rate that rises for 1000 steps never falls within the run’s 1000'],
    ['leaves momentum no window', { ...oneByte, momentum: 0.9, checkEvery: 16, snapshotEvery: 16 }, STEPS, 'no momentum outlives a snapshot, and one every 16 steps leaves it no second window of 16'],
    ['counts too many directions between snapshots', { ...oneByte, directions: 16, snapshotEvery: 128 * 300 }, STEPS, 'do not fit into 32 bits'],
    ['sends too many coordinates', { ...ferret, directions: 4096, snapshotEvery: 4000 }, 10_000, 'what up to 32 peers send in 10000 steps does not fit into 32 bits with a largest level of 96: fewer steps or a lower level']
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
    { ...oneByte, directions: 17 }, { ...oneByte, momentum: 0 }, { ...oneByte, momentum: 1 }, { ...oneByte, warmup: 0 }, { ...fedkseed, momentum: 0.5 }, { ...fedkseed, directions: 2 },
    { ...ferret, directions: 4097 }, { ...ferret, blockSize: 0 }, { ...ferret, epsilon: 1 }, { ...ferret, kind: 'fairy' }
  ])('is no method at all beyond its schema: %j', method => {
    expect(anyMethodSchema.safeParse(method).success).toBe(false)
  })
})

describe('the variants of a method', () => {
  const varied: ScalarSpec = { ...oneByte, directions: 3, momentum: 0.9, decay: 'cosine', warmup: 10, epsilonDecay: 'linear', sparse: { halvings: 2, mask: 5 }, form: 'sign' }

  it('are in the manifest, keep every rule, and are told', () => {
    expect(whyOf(varied)).toBe('')
    expect(anyMethodSchema.parse(varied)).toEqual(varied)
    for (const part of ['averages over 3 directions', 'each 0.9 of the one before', 'rises over the first 10 steps', 'half a cosine', 'ε falls to a tenth in a line', 'one weight in 4', 'its sign alone']) {
      expect(scalarSentence(varied)).toContain(part)
    }
  })

  it('are told where a run is: what the schedules have come to', () => {
    expect(variantRemarks(varied, 0, STEPS)).toEqual(['3 directions a step', 'momentum 0.9', 'η 0.0000909', 'ε 0.00100'])
    expect(variantRemarks(varied, STEPS, STEPS)).toEqual(['3 directions a step', 'momentum 0.9', 'η 0.000100', 'ε 0.000100'])
    expect(variantRemarks(oneByte, 5, STEPS)).toEqual([])
  })

  it.each<readonly [string, ScalarSpec, Partial<Pick<RunManifest, 'genesis'>>, string]>([
    ['of a rank beyond the model’s matrices', { ...oneByte, adapters: { rank: 64 } }, {}, 'factors of rank 64 are no smaller than any matrix'],
    ['with a mask', { ...oneByte, adapters: { rank: 2 }, sparse: { halvings: 1, mask: 0 } }, {}, 'a mask leaves out weights, and adapters are few already'],
    ['beside weights that were imported', { ...oneByte, adapters: { rank: 2 } }, { genesis: { sha256: '0'.repeat(64), source: 'x' } as unknown as RunManifest['genesis'] }, 'the run begins with imported ones']
  ])('refuse adapters %s', (_, method, run, why) => {
    expect(() => { checkScalarModel(method, { model: { kind: 'gpt', layers: 1, width: 8, heads: 2, context: 8, vocabulary: 16 }, genesis: undefined, data: DATA, ...run }) })
      .toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY', why: expect.stringContaining(why) as string }) as Error)
  })

  it.each<readonly [string, Partial<Extract<ScalarSpec, { kind: 'one-byte' }>>, number, string]>([
    ['a last pack that is no whole one', {}, 1000, 'partners measure whole packs of 16 steps, and the run’s 1000 are no multiple of them'],
    ['privacy, as neither partner knows the scalar', { privacy: { clip: 1, noiseMultiplier: 2, delta: 1e-5 } }, 1600, 'neither knows the scalar that privacy would hide: --passes own'],
    ['packs that no entry holds', { window: 256, directions: 16, checkEvery: 256, snapshotEvery: 256 }, 1024, 'an entry of the ledger has at most 4096 places, and a pack would have 4104: a shorter --pack']
  ])('whose passes are shared have no %s', (_, changes, steps, why) => {
    expect(whyOf({ ...oneByte, passes: 'shared', ...changes }, steps)).toContain(why)
    expect(whyOf({ ...oneByte, passes: 'shared' }, 0)).toBe('')
  })

  it('whose passes are shared need data that both partners have', () => {
    const model = { kind: 'gpt', layers: 1, width: 8, heads: 2, context: 8, vocabulary: 16 } as const
    const check = (data: RunManifest['data']) => () => { checkScalarModel({ ...oneByte, passes: 'shared' }, { model, genesis: undefined, data }) }
    expect(check(DATA)).toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY', why: 'partners measure on one batch, and the run’s data is dealt out in 4 shards: --shards 1' }) as Error)
    expect(check({ corpus: 'own', holdOutEvery: 10 })).toThrow(expect.objectContaining({ why: 'partners measure on one batch, and with --own-shard every peer’s data stays at home: --passes own' }) as Error)
    expect(check({ ...DATA, shards: 1 })).not.toThrow()
  })

  it('of several directions make a step so many places of the ledger, each of them 1/n of the rate', () => {
    const run = { runId: 'r', steps: STEPS, isMember: () => true }
    const [one, three] = [oneByteRules(oneByte, run), oneByteRules({ ...oneByte, directions: 3 }, run)]
    expect(three.ledger).toMatchObject({ steps: 3 * STEPS, window: 48 })
    expect(three.checkEvery).toBe(3 * one.checkEvery)
    expect(three.model).toMatchObject({ epochSteps: 3 * one.model.epochSteps, contributions: 3 * one.model.contributions })
    for (const step of [0, 100, 999]) expect(three.model.learningRate(3 * step + 2)).toBeCloseTo(one.model.learningRate(step) / 3, 15)
    expect(stepsIn(96, { ...oneByte, directions: 3 }, three.ledger)).toBe(32)
  })
})
