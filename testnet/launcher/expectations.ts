import type { FinalReport } from '../report/final-report.ts'
import type { Expectations } from '../scenarios/schema.ts'
import { percentWorse } from '../simulator/expectations.ts'
import { formatBytes, formatSeconds } from '../../node/terminal/units.ts'
import type { Seat, SeatPlan } from './seat.ts'

export interface Verdict {
  /** What was expected and did not come, a sentence each. */
  readonly broken: readonly string[]
  /** What a run with real peers cannot tell. */
  readonly unchecked: readonly string[]
  /** Why the rounds or rests that are broken may be the machine's doing. */
  readonly doubt?: string | undefined
}

/** How the run went, beside what its peers did. */
export interface Circumstances {
  /** Of the machine that all peers shared. */
  readonly cores: number
  /** What was to happen and did not, a sentence each. */
  readonly undone: readonly string[]
}

type JudgedSeat = Pick<Seat, 'name' | 'view' | 'hasEndedUnasked'> & { readonly plan: Pick<SeatPlan, 'lane' | 'conduct'> }

/** Holds what became of the honest peers of a testnet against what its scenario expects. */
export function verdictOn (expected: Expectations, report: Pick<FinalReport, 'evalLoss' | 'perPeer'>, all: readonly JudgedSeat[], { cores, undone }: Circumstances): Verdict {
  const seats = all.filter(({ plan }) => plan.conduct === undefined)
  const views = seats.map(seat => seat.view)
  const broken = undone.map(sentence => `not everything happened that was to (${sentence})`)
  const expect = (holds: boolean, sentence: string): void => { if (!holds) broken.push(sentence) }
  const { lossBelow, bytesPerPeerBelow, allEnd } = expected
  if (lossBelow?.real !== undefined) expect(report.evalLoss < lossBelow.real, `the merged model's held-out loss is ${report.evalLoss.toFixed(3)}, not below ${lossBelow.real}`)
  if (bytesPerPeerBelow !== undefined) {
    const most = Math.max(...views.map(view => view.bytesSent))
    expect(most < bytesPerPeerBelow, `a peer sent ${formatBytes(most)}, not below ${formatBytes(bytesPerPeerBelow)}`)
  }
  if (allEnd) {
    const early = seats.filter(seat => seat.hasEndedUnasked).map(seat => seat.name)
    expect(early.length === 0, `${early.join(', ')} ended early`)
  }
  const ofTiming = timingBroken(expected, report, seats)
  const isShared = ofTiming.length > 0 && cores < all.length
  return {
    broken: [...broken, ...ofTiming], unchecked: uncheckedOf(expected),
    ...isShared ? { doubt: `${all.length} peers shared ${cores === 1 ? 'one core' : `${cores} cores`}: how many rounds they average and how long they rest is expected of a machine with a core for each` } : {}
  }
}

/** What of rounds and rests did not come: how fast each peer can compute decides it as well. */
function timingBroken ({ averagedShareAbove, longestWaitBelow, waitedShareBelow }: Expectations, { perPeer }: Pick<FinalReport, 'perPeer'>, seats: readonly JudgedSeat[]): readonly string[] {
  const views = seats.map(seat => seat.view)
  const broken: string[] = []
  if (averagedShareAbove !== undefined) {
    const training = seats.filter(seat => seat.plan.lane === 'first-order').map(seat => seat.view)
    const share = sum(training.map(view => view.averagedRounds)) / sum(training.map(view => view.rounds))
    if (!(share > averagedShareAbove)) broken.push(`${percent(share)} of the rounds met somebody, not more than ${percent(averagedShareAbove)}`)
  }
  if (longestWaitBelow !== undefined) {
    const longest = Math.max(...views.map(view => view.longestWaitMs))
    if (!(longest < longestWaitBelow)) broken.push(`a round rested for ${formatSeconds(longest / 1000)}, not below ${formatSeconds(longestWaitBelow / 1000)}`)
  }
  if (waitedShareBelow !== undefined) {
    const share = Math.max(...perPeer.map(({ name, secondsTotal }) => (views.find(view => view.name === name)?.waitedMs ?? 0) / 1000 / secondsTotal))
    if (!(share < waitedShareBelow)) broken.push(`a peer rested for ${percent(share)} of its time, not below ${percent(waitedShareBelow)}`)
  }
  return broken
}

/** What of the loss was expected beside a run of the same seed that nothing disturbed, and did not come; nothing where it did, or was not expected. */
export function verdictBeside ({ withinPercentOfUndisturbed: within }: Expectations, report: Pick<FinalReport, 'evalLoss'>, undisturbed: Pick<FinalReport, 'evalLoss' | 'startLoss'>): readonly string[] {
  const worse = percentWorse({ loss: report.evalLoss }, { loss: undisturbed.evalLoss, startLoss: undisturbed.startLoss }, 'real')
  if (within === undefined || worse < within) return []
  return [`the merged model's held-out loss is ${report.evalLoss.toFixed(3)}, ${worse.toFixed(1)} % above the ${undisturbed.evalLoss.toFixed(3)} of the undisturbed run, not within ${within} %`]
}

function uncheckedOf ({ spreadBelow, scalarsAbove, lossBelow }: Expectations): readonly string[] {
  return [
    ...spreadBelow === undefined ? [] : ['the distance of the replicas of the quadratic: the simulator checks it'],
    ...scalarsAbove === undefined ? [] : ['how many scalars counted: shoal rounds tells it of each round, and the simulator checks it'],
    ...lossBelow?.quadratic === undefined || lossBelow.real !== undefined ? [] : ['the loss of the quadratic: the simulator checks it']
  ]
}

function sum (values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function percent (share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
