import type { AnswerOf, Unversioned } from '../../api/endpoints.ts'
import { sparkline } from '../sparkline.ts'
import type { Theme } from '../theme.ts'
import { formatBytes, formatCount, formatNumber, formatRatio, formatSeconds } from '../units.ts'

/** What `shoal status` shows. */
export type StatusView = Pick<Unversioned<AnswerOf<'status'>>,
  'phase' | 'sentence' | 'run' | 'step' | 'budgetSteps' | 'round' | 'loss' | 'lossHistory' | 'heldOut' | 'yardstick' | 'tokensPerSecond' | 'peers' | 'lastRound' | 'bytes' |
  'allReduceBytes' | 'uptimeSeconds' | 'reach'>

const SPARKLINE_WIDTH = 24
const SHOWN_RUN_ID = 12

/** A few lines that say what the peer does and why. */
export function statusScreen (view: StatusView, theme: Theme): string[] {
  return [headline(view, theme), `  ${view.sentence}`, `  ${lossLine(view)}`, ...yardstickLine(view).map(line => `  ${line}`), `  ${peersLine(view)}`, ...view.reach === null ? [] : [`  reach ${view.reach.sentence}`], `  ${bytesLine(view)}`]
}

/** What it does, in which run, and how far it is. */
export function headline ({ phase, run, step, budgetSteps, round, uptimeSeconds }: StatusView, theme: Theme): string {
  const isTraining = !['starting', 'waiting', 'paused', 'finished'].includes(phase)
  const bullet = isTraining ? theme.good('●') : theme.warning('○')
  const steps = budgetSteps === 0 ? formatCount(step) : `${formatCount(step)} of ${formatCount(budgetSteps)}`
  return `${bullet} ${theme.title(phase)}   run ${run.name} (${run.id.slice(0, SHOWN_RUN_ID)})   step ${steps}   round ${formatCount(round)}   up ${formatSeconds(uptimeSeconds)}`
}

export function lossLine ({ loss, lossHistory, tokensPerSecond }: StatusView): string {
  return [`loss ${formatNumber(loss, 3)}`, sparkline(lossHistory, SPARKLINE_WIDTH), `${formatCount(tokensPerSecond)} tokens/s`].filter(part => part !== '').join('   ')
}

/** Losses in words that compare with a compressor's, where text is judged: now in training, and as last measured on held-out text. */
export function yardstickLine ({ loss, heldOut, yardstick }: StatusView): string[] {
  const bits = (nats: number): string => yardstick === null ? `loss ${formatNumber(nats, 3)}` : `${formatNumber(nats * yardstick.bitsPerNat, 2)} bits a character`
  const now = loss === null || yardstick === null ? [] : [`${bits(loss)} now`]
  const measured = heldOut === null ? [] : [`held out ${bits(heldOut.loss)} at step ${formatCount(heldOut.step)}`]
  if (now.length + measured.length === 0) return []
  return [[...now, ...measured, ...yardstick === null ? [] : [gzipWords(heldOut, yardstick)]].join('   ')]
}

function gzipWords (heldOut: StatusView['heldOut'], { bitsPerNat, gzipBitsPerCharacter }: NonNullable<StatusView['yardstick']>): string {
  const isBetter = heldOut !== null && heldOut.loss * bitsPerNat < gzipBitsPerCharacter
  return `gzip ${formatNumber(gzipBitsPerCharacter, 2)}${isBetter ? ': beaten' : ''}`
}

export function peersLine ({ peers, lastRound }: StatusView): string {
  const last = lastRound === null ? 'no round yet' : `last round: ${lastRound.reason}`
  return `peers ${peers.present} ${peers.present === 1 ? 'other' : 'others'} here, ${peers.training} training${peers.quic === undefined ? '' : `, ${peers.quic} over QUIC`}   ${last}`
}

export function bytesLine ({ bytes, allReduceBytes }: StatusView): string {
  const sent = bytes.wireSent + bytes.controlSent
  const saved = allReduceBytes - bytes.payloadSent
  const comparison = bytes.payloadSent > 0 && saved > 0 ? `   saved ${formatBytes(saved)} against all-reduce every step (${formatRatio(allReduceBytes / bytes.payloadSent)} less)` : ''
  return `sent ${formatBytes(sent)}   received ${formatBytes(bytes.wireReceived + bytes.controlReceived)}${comparison}`
}
