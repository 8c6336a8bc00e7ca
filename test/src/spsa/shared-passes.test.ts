import { describe, expect, it } from 'vitest'
import { emptyHead } from '../../../src/spsa/chain.ts'
import { HALF_SEEDS } from '../../../src/spsa/half-loss.ts'
import { Intake } from '../../../src/spsa/intake.ts'
import type { Entry } from '../../../src/spsa/ledger-entry.ts'
import { Ledger } from '../../../src/spsa/ledger.ts'
import { partnerIn } from '../../../src/spsa/partners.ts'
import { placesOf } from '../../../src/spsa/places.ts'
import { quadraticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { runScalarSwarm } from '../../../testnet/simulator/scalar-swarm.ts'
import type { ScalarScenario } from '../../../testnet/simulator/scalar-swarm.ts'
import type { OneByteReport } from '../../../src/spsa/one-byte-messages.ts'
import { Author, authors, rules, verify } from './authors.ts'

const own: ScalarScenario = {
  problem: quadraticProblem(64, 1),
  peers: 4, liars: 0, steps: 128, window: 8, learningRate: 0.01, clip: { levelsAboveMedian: 60, first: 100, ceiling: 100 }, lost: 0, repeated: 0, jitterMs: 0, seed: 1
}
const shared: ScalarScenario = { ...own, passes: 'shared' }
const ofKind = <Kind extends OneByteReport['kind']>(reports: readonly OneByteReport[], kind: Kind): Array<Extract<OneByteReport, { kind: Kind }>> =>
  reports.filter((report): report is Extract<OneByteReport, { kind: Kind }> => report.kind === kind)

describe('partners', () => {
  it('are a draw that everybody makes alike, in which each has one who has him, or is left over', () => {
    const members = ['a', 'b', 'c', 'd', 'e']
    const met = new Set<string>()
    for (let window = 0; window < 60; window++) {
      const drawn = members.map(peer => partnerIn(members, peer, 'run', window))
      expect(drawn.filter(partner => partner === undefined)).toHaveLength(1)
      for (const [at, partner] of drawn.entries()) {
        if (partner === undefined) continue
        expect(partnerIn(members, partner, 'run', window)).toBe(members[at])
        met.add(`${members[at]} ${partner}`)
      }
    }
    expect(met.size).toBe(20)
    expect(partnerIn(members, 'x', 'run', 0)).toBeUndefined()
    expect(partnerIn(['a'], 'a', 'run', 0)).toBeUndefined()
  })

  it('lie in the ledger behind a tag of eight places', () => {
    const places = placesOf({ window: 4, directions: 2, passes: 'shared' })
    expect(places.perWindow).toBe(16)
    for (let step = 0; step < 40; step++) expect(places.stepAt(places.placeAt(step))).toBe(step)
    expect([places.placeAt(4), places.placeAt(5), places.stepAt(8), places.stepAt(9), places.stepAt(10)]).toEqual([16, 26, 0, 0, 1])
  })
})

describe('peers that share the passes of a step', () => {
  it('end with the same bits in half of the time, one pass a step and peer where they are in pairs', () => {
    const [pairs, alone] = [runScalarSwarm(shared), runScalarSwarm(own)]
    expect([pairs.distinctModels, alone.distinctModels]).toEqual([1, 1])
    expect(pairs.losses[0]).toBeLessThan(shared.problem.loss(shared.problem.start) / 3)
    const sharing = ofKind(pairs.reports, 'sharing')
    // the first two windows know of nobody yet
    expect(sharing.filter(({ partner }) => partner === undefined).map(({ place }) => place)).toEqual([0, 0, 0, 0, 16, 16, 16, 16])
    expect(ofKind(pairs.reports, 'unpaired')).toEqual([])
    expect(pairs.endedMs).toBeLessThan(0.65 * alone.endedMs)
    expect(ofKind(pairs.reports, 'refused')).toEqual([])
  })

  it('go on without messages that vanish, repeat and overtake one another, with several directions and momentum, and between snapshots', () => {
    const rough = runScalarSwarm({ ...shared, directions: 2, momentum: 0.8, epochSteps: 32, lost: 0.05, repeated: 0.2, jitterMs: 300 })
    expect(rough.distinctModels).toBe(1)
    expect(Math.min(...rough.swarm.map(({ ledger }) => ledger.firstStep))).toBeGreaterThanOrEqual(3 * 24)
    expect(rough.swarm.map(({ step }) => step)).toEqual([128, 128, 128, 128])
    expect(ofKind(rough.reports, 'refused')).toEqual([])
  })

  it('do not hang where one is cut off: it is waited for as long as it is there, its halves move nothing, and it comes back in', () => {
    const { distinctModels, reports, swarm, endedMs } = runScalarSwarm({ ...shared, peers: 5, steps: 256, epochSteps: 64, away: { fromMs: 2_000, toMs: 6_000 } })
    expect(distinctModels).toBe(1)
    expect(swarm.map(({ step }) => step)).toEqual([256, 256, 256, 256, 256])
    expect(endedMs).toBeLessThan(60_000)
    const reasons = ofKind(reports, 'unpaired').flatMap(report => report.reasons)
    expect(reasons.length).toBeGreaterThan(0)
    for (const reason of reasons) expect(reason).toMatch(/never came|other weights|with somebody else/)
    const late = ofKind(reports, 'sharing').filter(({ place, partner }) => place > 256 && partner !== undefined)
    expect(new Set(late.map(({ partner }) => partner)).size).toBe(5)
  })

  it('wait no longer than their patience for one who is there and silent', () => {
    const { reports, swarm, distinctModels, endedMs } = runScalarSwarm({ ...shared, away: { fromMs: 2_000, toMs: 50_000, isUnnoticed: true } })
    expect(swarm.map(({ step }) => step)).toEqual([128, 128, 128, 128])
    expect(endedMs).toBeLessThan(120_000)
    expect(ofKind(reports, 'awaiting').length).toBeGreaterThan(0)
    expect(distinctModels).toBe(1)
  })

  it.each([2, 3])('wait ever less often for a member that leaves out one window of %i', every => {
    const steps = 40 * shared.window
    const calm = runScalarSwarm({ ...shared, steps })
    const { reports, swarm, distinctModels, endedMs } = runScalarSwarm({ ...shared, steps, skips: window => window % every === 0 })
    expect(swarm.map(({ step }) => step)).toEqual([steps, steps, steps, steps])
    expect(distinctModels).toBe(1)
    const waits = Math.round((endedMs - calm.endedMs) / 30_000)
    // in vain the first two times, then after 1, 2, 4 … of the windows that it left out were let pass
    expect(waits).toBeGreaterThanOrEqual(2)
    expect(waits).toBeLessThan(40 / every / 2)
    expect(ofKind(reports, 'refused')).toEqual([])
  })

  it('abstain where a loss is no number, and move nothing', () => {
    const broken = { ...shared.problem, batchLoss: (): number => NaN }
    const { losses, reports } = runScalarSwarm({ ...shared, problem: broken, steps: 32 })
    expect(losses[0]).toBe(broken.loss(broken.start))
    expect(ofKind(reports, 'sharing').some(({ partner }) => partner !== undefined)).toBe(true)
  })
})

describe('an entry of half losses', () => {
  const [ann, bob] = authors as [Author, Author]
  const whole = { ...rules, poolSize: HALF_SEEDS, isWhole: true, steps: 400 }
  const entryOf = (author: Author, places: number, seed = 1): Entry => author.entry(emptyHead(author.peer), 0, new Array<number>(places).fill(1), { pool: new Array<number>(places).fill(seed) })

  it('is refused where it is no whole window, is forged, a stranger’s or a replay, and moves nothing then', () => {
    const ledger = new Ledger(whole, verify)
    const codeOf = (entry: Entry): string => {
      const verdict = ledger.admit(entry)
      return verdict.kind === 'refused' ? `${verdict.code}: ${verdict.reason}` : verdict.kind
    }
    expect(codeOf(entryOf(ann, 7))).toMatch(/^WRONG_STEP: .* has 7 of the 8 places of its window, and half losses fill it$/)
    expect(codeOf({ ...entryOf(ann, 8), levels: new Int8Array(8) })).toMatch(/^FORGED/)
    expect(codeOf(ann.entry(emptyHead(ann.peer), 0, new Array<number>(8).fill(1)))).toMatch(/^SEED_OUTSIDE_POOL/)
    expect(codeOf(entryOf(new Author(50), 8))).toMatch(/^UNKNOWN_PEER/)
    expect(ledger.entries()).toEqual([])
    expect(codeOf(entryOf(ann, 8, 65_535))).toBe('admitted')
    expect(codeOf(entryOf(ann, 8, 65_535))).toMatch(/^REPLAY/)
    expect(codeOf(entryOf(bob, 8))).toBe('admitted')
  })

  it('waits until weights may move, and the steps before it are followed meanwhile', () => {
    const intake = new Intake()
    const [early, late] = [entryOf(ann, 8), bob.entry(emptyHead(bob.peer), 8, new Array<number>(8).fill(1), { pool: new Array<number>(8).fill(1) })]
    for (const entry of [late, early]) intake.add(entry)
    expect([intake.take(-Infinity).added, intake.follows(0), intake.follows(8)]).toEqual([[], true, false])
    expect(intake.take(8)).toEqual({ added: [early], withdrawn: [], fromStep: 0 })
    expect([intake.follows(8), intake.follows(16)]).toEqual([true, false])
    expect(intake.take()).toEqual({ added: [late], withdrawn: [], fromStep: 8 })
  })
})
