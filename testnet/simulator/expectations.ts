import type { Expectations } from '../scenarios/schema.ts'
import type { SimulatedRound } from './simulation.ts'

/** What a played scenario came to, whatever trained. */
export interface Played {
  /** SHA-256 of the event log. */
  readonly hash: string
  readonly lines: readonly string[]
  /** Of all peers, in the order of their ends; none of a run of scalars, whose packs are no averages. */
  readonly records: readonly SimulatedRound[]
  /** Peers who lie at some time. */
  readonly liars: readonly string[]
  /** Virtual time until the last peer ended. */
  readonly seconds: number
  /** Of the honest replicas' mean: excess over the optimum a coordinate, or held-out nats per token; NaN when nobody is left. */
  readonly loss: number
  /** Of the weights that everybody started from. */
  readonly startLoss: number
  /** As the other figures of averaging, left out where nothing averages. */
  readonly spread?: number
  readonly rounds: number
  readonly averagedShare?: number
  readonly oneSided?: number
  /** Of the honest peer that sent most. */
  readonly bytesPerPeer: number
  readonly longestWaitMs?: number
  /** Of the honest peer that waited for most of its time. */
  readonly waitedShare?: number
  /** That counted at boundaries, on the honest peer that heard fewest; 0 where the method has no scalar lane. */
  readonly scalars?: number
  /** Honest peers that neither took all their steps nor were taken away. */
  readonly unfinished: readonly string[]
  readonly violations: readonly string[]
}

export interface Finding {
  readonly expectation: string
  readonly limit: string
  readonly found: string
  readonly isMet: boolean
}

/** Replayed training shows what a run takes, and learns nothing that it could be judged by. */
export type TrainingKind = 'quadratic' | 'real' | 'replayed'

/** Holds what happened against what was expected. @param undisturbed the same scenario without faults and liars, where that is compared */
export function judgeScenario (expect: Expectations, played: Played, training: TrainingKind, undisturbed: Played | undefined): readonly Finding[] {
  const loss = training === 'replayed' ? undefined : expect.lossBelow?.[training]
  const findings = [
    { expectation: 'invariants', limit: 'none broken', found: played.violations[0] ?? 'none broken', isMet: played.violations.length === 0 },
    below('lossBelow', loss, played.loss, shown),
    undisturbed === undefined || training === 'replayed' ? undefined : below('withinPercentOfUndisturbed', expect.withinPercentOfUndisturbed, percentWorse(played, undisturbed, training), value => `${shown(value)} %`),
    above('averagedShareAbove', expect.averagedShareAbove, played.averagedShare),
    below('bytesPerPeerBelow', expect.bytesPerPeerBelow, played.bytesPerPeer, value => String(Math.round(value))),
    below('longestWaitBelow', expect.longestWaitBelow, played.longestWaitMs, value => `${shown(value / 1000)} s`),
    below('waitedShareBelow', expect.waitedShareBelow, played.waitedShare, shown),
    above('scalarsAbove', expect.scalarsAbove, played.scalars),
    training === 'quadratic' ? below('spreadBelow', expect.spreadBelow, played.spread, shown) : undefined,
    expect.allEnd ? { expectation: 'allEnd', limit: 'nobody is left behind', found: played.unfinished.length === 0 ? 'all ended' : played.unfinished.join(', '), isMet: played.unfinished.length === 0 } : undefined
  ]
  return findings.filter(finding => finding !== undefined)
}

/** How much of what training gains was lost, in percent of the start's excess; of real training in percent of the loss. */
export function percentWorse (played: Pick<Played, 'loss'>, undisturbed: Pick<Played, 'loss' | 'startLoss'>, training: TrainingKind): number {
  const scale = training === 'quadratic' ? undisturbed.startLoss : undisturbed.loss
  return 100 * (played.loss - undisturbed.loss) / scale
}

function below (expectation: string, limit: number | undefined, found: number | undefined, show: (value: number) => string): Finding | undefined {
  return limit === undefined ? undefined : { expectation, limit: `below ${show(limit)}`, found: found === undefined ? UNMEASURED : show(found), isMet: found !== undefined && found < limit }
}

function above (expectation: string, limit: number | undefined, found: number | undefined): Finding | undefined {
  return limit === undefined ? undefined : { expectation, limit: shown(limit), found: found === undefined ? UNMEASURED : shown(found), isMet: found !== undefined && found > limit }
}

/** What nobody measured meets no expectation. */
const UNMEASURED = 'not measured'

function shown (value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'not a number'
}
