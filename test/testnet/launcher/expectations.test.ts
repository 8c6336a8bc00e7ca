import { describe, expect, it } from 'vitest'
import type { PeerReport } from '../../../src/events.ts'
import { verdictBeside, verdictOn } from '../../../testnet/launcher/expectations.ts'
import { newPeerView } from '../../../testnet/launcher/swarm-view.ts'
import type { SeatPlan } from '../../../testnet/launcher/seat.ts'
import { undisturbedTestnet } from '../../../testnet/launcher/undisturbed.ts'
import { UNSHAPED } from '../../../testnet/links/path.ts'
import { loadScenario } from '../../../testnet/scenarios/load.ts'
import { planOf } from '../../../testnet/scenarios/plan.ts'
import { scenarioSchema } from '../../../testnet/scenarios/schema.ts'
import type { Expectations } from '../../../testnet/scenarios/schema.ts'

function expected (expect: object): Expectations {
  return scenarioSchema.parse({ name: 'any', summary: 'any', peers: [{}], expect }).expect
}

const seats = [
  { name: 'A', hasEndedUnasked: false, plan: { lane: 'first-order' as const }, view: { ...newPeerView('A'), rounds: 10, averagedRounds: 9, bytesSent: 3000, longestWaitMs: 400, waitedMs: 1000 } },
  { name: 'B', hasEndedUnasked: false, plan: { lane: 'first-order' as const }, view: { ...newPeerView('B'), rounds: 10, averagedRounds: 5, bytesSent: 1000, longestWaitMs: 900, waitedMs: 5000 } }
]
const report = { evalLoss: 2.5, perPeer: [{ name: 'A', secondsTotal: 100 }, { name: 'B', secondsTotal: 50 }] as unknown as ReadonlyArray<PeerReport & { readonly name: string }> }
/** A core for each, and nothing that was to happen and did not. */
const alone = { cores: 64, undone: [] }

describe('what a scenario expects of real peers', () => {
  it('holds where it holds, on each side of every bound', () => {
    expect(verdictOn(expected({ lossBelow: { real: 2.6 }, averagedShareAbove: 0.69, bytesPerPeerBelow: '3.1kB', longestWaitBelow: '901ms', waitedShareBelow: 0.11 }), report, seats, alone)).toEqual({ broken: [], unchecked: [] })
    const { broken } = verdictOn(expected({ lossBelow: { real: 2.4 }, averagedShareAbove: 0.7, bytesPerPeerBelow: '3kB', longestWaitBelow: '900ms', waitedShareBelow: 0.1 }), report, seats, alone)
    expect(broken).toHaveLength(5)
    expect(broken[0]).toBe('the merged model\'s held-out loss is 2.500, not below 2.4')
  })

  it('says where peers share cores, on which what is broken may be their doing', () => {
    const strict = expected({ averagedShareAbove: 0.7 })
    expect(verdictOn(strict, report, seats, { cores: 1, undone: [] }).doubt).toBe('2 peers shared one core: how many rounds they average and how long they rest is expected of a machine with a core for each')
    expect(verdictOn(strict, report, seats, { cores: 2, undone: [] }).doubt).toBeUndefined()
    expect(verdictOn(expected({}), report, seats, { cores: 1, undone: [] }).doubt).toBeUndefined()
  })

  it.each([
    ['averagedShareAbove', 0.7, true], ['longestWaitBelow', '900ms', true], ['waitedShareBelow', 0.1, true], ['lossBelow', { real: 2.4 }, false], ['bytesPerPeerBelow', '3kB', false]
  ])('a broken %s (%j) can be the doing of shared cores: %s', (expectation, bound, isDoubted) => {
    const { broken, doubt } = verdictOn(expected({ [expectation]: bound }), report, seats, { cores: 1, undone: [] })
    expect(broken).toHaveLength(1)
    expect(doubt !== undefined).toBe(isDoubted)
  })

  it('doubts nothing where something did not happen or somebody ended early', () => {
    const early = seats.map(seat => ({ ...seat, hasEndedUnasked: true }))
    const { broken, doubt } = verdictOn(expected({}), report, early, { cores: 1, undone: ['tc: no'] })
    expect(broken).toHaveLength(2)
    expect(doubt).toBeUndefined()
  })

  it('does not hold where something of the scenario did not happen', () => {
    expect(verdictOn(expected({}), report, seats, { cores: 64, undone: ['tc: no'] }).broken).toEqual(['not everything happened that was to (tc: no)'])
  })

  it('names who ended early, unless nobody minds', () => {
    const early = [{ name: 'A', plan: { lane: 'first-order' as const }, view: newPeerView('A'), hasEndedUnasked: true }]
    expect(verdictOn(expected({}), report, early, alone).broken).toEqual(['A ended early'])
    expect(verdictOn(expected({ allEnd: false }), report, early, alone).broken).toEqual([])
  })

  it('says what only the simulator can tell', () => {
    expect(verdictOn(expected({ lossBelow: { quadratic: 1 }, spreadBelow: 1 }), report, seats, alone).unchecked).toHaveLength(2)
  })

  it('holds the loss against that of a run which nothing disturbed, on each side of the bound', () => {
    const calm = { evalLoss: 2.4, startLoss: 5 }
    expect(verdictBeside(expected({ withinPercentOfUndisturbed: 4.2 }), report, calm)).toEqual([])
    expect(verdictBeside(expected({ withinPercentOfUndisturbed: 4.1 }), report, calm)).toEqual(['the merged model\'s held-out loss is 2.500, 4.2 % above the 2.400 of the undisturbed run, not within 4.1 %'])
    expect(verdictBeside(expected({}), report, calm)).toEqual([])
  })

  it('plays the same without faults beside it, where the two are compared; who comes later still does', () => {
    const plan = planOf(loadScenario('late-joiner'), 1)
    const kill = { kind: 'kill', at: { round: 2 }, peers: [0], forMs: undefined } as const
    const settings = { name: 'n', root: '/r/n', faults: [...plan.faults, kill], expect: expected({ withinPercentOfUndisturbed: 5, averagedShareAbove: 0.5 }) }
    expect(undisturbedTestnet(settings)).toEqual({ name: 'n-undisturbed', root: '/r/n-undisturbed', faults: plan.faults, expect: { allEnd: true } })
    expect(undisturbedTestnet({ ...settings, expect: expected({}) })).toBeUndefined()
    const seat: SeatPlan = { alias: 'a', group: 'g', link: UNSHAPED, throttle: 1, upload: '', lane: 'first-order', joinsLater: false, conduct: { attack: 'nan' } }
    expect(undisturbedTestnet({ ...settings, seats: [seat] })?.seats).toEqual([{ ...seat, conduct: undefined }])
  })

  it('asks nothing of peers that lie', () => {
    const liar = { name: 'C', hasEndedUnasked: true, plan: { lane: 'first-order' as const, conduct: { attack: undefined } }, view: { ...newPeerView('C'), rounds: 100, bytesSent: 1e9, longestWaitMs: 1e9 } }
    expect(verdictOn(expected({ averagedShareAbove: 0.69, bytesPerPeerBelow: '3.1kB', longestWaitBelow: '901ms' }), report, [...seats, liar], alone)).toEqual({ broken: [], unchecked: [] })
  })

  it('asks of scalar peers no rounds that average', () => {
    const scalar = { name: 'C', hasEndedUnasked: false, plan: { lane: 'scalars' as const }, view: { ...newPeerView('C'), rounds: 100 } }
    expect(verdictOn(expected({ averagedShareAbove: 0.69, scalarsAbove: 5 }), report, [...seats, scalar], alone)).toEqual({ broken: [], unchecked: [expect.stringContaining('scalars counted')] })
  })
})
