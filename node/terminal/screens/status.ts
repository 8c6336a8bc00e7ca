import type { RoundRecord } from '../../../src/ports.ts'
import type { ByteTotals } from '../../../src/events.ts'
import { sparkline } from '../sparkline.ts'
import type { Theme } from '../theme.ts'
import { formatBytes, formatCount, formatNumber, formatRatio, formatSeconds } from '../units.ts'

/** What `shoal status` shows. */
export interface StatusView {
  readonly phase: string
  readonly sentence: string
  readonly runName: string
  readonly runId: string
  readonly step: number
  readonly budgetSteps: number
  readonly round: number
  readonly loss: number | null
  readonly lossHistory: readonly number[]
  readonly tokensPerSecond: number
  readonly peersPresent: number
  readonly peersTraining: number
  readonly lastRound: Pick<RoundRecord, 'reason'> | null
  readonly bytes: ByteTotals
  /** What fp32 all-reduce after every step would have sent for the same steps. */
  readonly allReduceBytes: number
  readonly uptimeSeconds: number
}

const SPARKLINE_WIDTH = 24
const SHOWN_RUN_ID = 12

/** A few lines that say what the peer does and why. */
export function statusScreen (view: StatusView, theme: Theme): string[] {
  const bullet = view.phase === 'training' ? theme.good('●') : theme.warning('○')
  const steps = view.budgetSteps === 0 ? formatCount(view.step) : `${formatCount(view.step)} of ${formatCount(view.budgetSteps)}`
  return [
    `${bullet} ${theme.title(view.phase)}   run ${view.runName} (${view.runId.slice(0, SHOWN_RUN_ID)})   step ${steps}   round ${view.round}   up ${formatSeconds(view.uptimeSeconds)}`,
    `  ${view.sentence}`,
    `  ${lossLine(view)}`,
    `  peers ${view.peersPresent} others here, ${view.peersTraining} training${lastRound(view.lastRound)}`,
    `  ${bytesLine(view)}`
  ]
}

function lossLine ({ loss, lossHistory, tokensPerSecond }: StatusView): string {
  const bits = loss === null ? '' : `   ${formatNumber(loss / Math.LN2, 2)} bits per byte`
  return `loss ${formatNumber(loss, 3)}   ${sparkline(lossHistory, SPARKLINE_WIDTH)}${bits}   ${formatCount(tokensPerSecond)} tokens/s`.replace(/ {4,}/g, '   ')
}

function lastRound (record: StatusView['lastRound']): string {
  return record === null ? '' : `   last round: ${record.reason}`
}

function bytesLine ({ bytes, allReduceBytes }: StatusView): string {
  const sent = bytes.wireSent + bytes.controlSent
  const ratio = bytes.payloadSent > 0 ? `   ${formatRatio(allReduceBytes / bytes.payloadSent)} less payload than all-reduce every step` : ''
  return `sent ${formatBytes(sent)}   received ${formatBytes(bytes.wireReceived + bytes.controlReceived)}   (of it payload ${formatBytes(bytes.payloadSent)} and ${formatBytes(bytes.payloadReceived)})${ratio}`
}
