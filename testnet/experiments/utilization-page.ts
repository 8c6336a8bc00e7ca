import { formatBytes } from '../../node/terminal/units.ts'
import { CONTEXT } from './utilization-cell.ts'
import type { UtilizationCell, UtilizationResult } from './utilization-cell.ts'
import { ROUNDS, WARM_UP_ROUNDS } from './utilization-clock.ts'

export interface StoredUtilization extends UtilizationResult {
  readonly measuredOn: string
  readonly setup: string
  /** Processes that wanted to run, on average over a minute, before and after. */
  readonly load: readonly [number, number]
}

export interface UtilizationRow {
  readonly cell: UtilizationCell
  /** Undefined for a cell that nobody has measured yet. */
  readonly stored: StoredUtilization | undefined
}

/** Share of time computing that the design asks for at 10 Mbit/s and 100 ms. */
const TARGET = 0.95

/** The page of what was measured, as it stands. */
export function utilizationPage (rows: readonly UtilizationRow[]): string {
  const measured = rows.flatMap(({ stored }) => stored ?? [])
  const setups = [...new Set(measured.map(({ setup }) => setup))]
  return `# Utilization over slow lines

Written by \`npm run bench:utilization\` from \`docs/results/utilization/\`; it goes on where it stopped. Where other work shares the machine, \`nice -n -20\` before it
gives its peers the processor first (under Linux with \`kernel.sched_autogroup_enabled=0\`, else it ranks them within their session alone).

Real daemons, each a process of its own, average ${((measured[0]?.parameters ?? 0) / 1e6).toFixed(1)} M parameters with the preset \`shoal\` over lines through the proxy
([how lines are modelled](links.md)): so many Mbit/s up and down for each peer, and the round trip between two peers. Real steps are of ${CONTEXT} tokens. The others are emulated: each takes its time without a processor, and the round's
own work (encoding, decoding, landing) is real. The share is steps times what one takes over the time that passed, from the first report after ${WARM_UP_ROUNDS} rounds of warm-up over ${ROUNDS} rounds; of real training it
is the time that the trainer measured within its steps. The machine runs all peers and other work beside them: the load says how many processes wanted to run, and the rows without limits say what is left
of the time when lines cost nothing; the column beside the share is the share over theirs, which is what the lines cost where rounds are as frequent; cells were measured at unlike loads, so that a few percent between two of them mean nothing. H is the preset's, or as much longer as a fragment needs on that line; fragments fly for the whole time between two. Setup: ${setups.length === 0 ? 'nothing measured yet' : setups.join('; ')}.

| line | round trip | step | peers | H | τ | computing, mean of the peers | beside lines without limits | least of a peer | rested of 100 s | rounds that met somebody | payload a peer and round | load | |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
${rows.map(row => rowOf(row, rows)).join('\n')}

${verdictOf(rows)}
`
}

function rowOf ({ cell, stored }: UtilizationRow, rows: readonly UtilizationRow[]): string {
  const step = cell.trainer === 'emulated' ? `${cell.stepMs / 1000} s` : `real training${stored === undefined ? '' : `, ${stepSeconds(stored).toFixed(2)} s`}`
  const begin = `| ${Number.isFinite(cell.megabitsPerSecond) ? `${cell.megabitsPerSecond} Mbit/s` : 'without limits'} | ${cell.roundTripMs} ms | ${step} | ${cell.peers} |`
  if (stored === undefined) return `${begin} | | | | | | | | | not measured yet |`
  const { perPeer, method, load } = stored
  const sum = (value: (peer: UtilizationResult['perPeer'][number]) => number): number => perPeer.reduce((total, peer) => total + value(peer), 0)
  const reference = rows.find(row => row.cell.megabitsPerSecond === Infinity && row.cell.stepMs === cell.stepMs)?.stored
  const isAlike = reference?.method.everySteps === method.everySteps && cell.trainer === 'emulated'
  const beside = reference === undefined || !isAlike ? '–' : percent(meanShare(stored) / meanShare(reference))
  const verdict = isTarget(cell) ? meanShare(stored) >= TARGET ? 'target met' : 'target missed' : ''
  return [
    `${begin} ${method.everySteps}`, method.overlapSteps, percent(meanShare(stored)), beside, percent(Math.min(...perPeer.map(({ share }) => share))),
    `${(100 * sum(peer => peer.restedSeconds) / sum(peer => peer.seconds)).toFixed(1)} s`, `${sum(peer => peer.averagedRounds)} of ${sum(peer => peer.rounds)}`,
    formatBytes(sum(peer => peer.payloadBytesSent) / sum(peer => peer.rounds)), load.map(number => number.toFixed(1)).join(' to '), `${verdict} |`
  ].join(' | ')
}

function isTarget ({ megabitsPerSecond, roundTripMs, trainer }: UtilizationCell): boolean {
  return megabitsPerSecond === 10 && roundTripMs === 100 && trainer === 'emulated'
}

function verdictOf (rows: readonly UtilizationRow[]): string {
  const target = rows.flatMap(({ cell, stored }) => stored !== undefined && isTarget(cell) ? [stored] : [])
  if (target.length === 0) return 'The cells of the target (10 Mbit/s, 100 ms) have not been measured yet.'
  const references = rows.flatMap(({ cell, stored }) => cell.megabitsPerSecond === Infinity && stored !== undefined ? [stored] : [])
  const beside = references.length === 0 ? '' : ` On lines without limits it is ${references.map(cell => `${percent(meanShare(cell))} with steps of ${cell.stepMs / 1000} s`).join(', ')}: what is missing there is not the lines' doing but that of rounds, checkpoints and other work on the processors that all peers share.`
  return `The target is ≥ ${percent(TARGET)} at 10 Mbit/s and 100 ms: ${target.map(cell => `${percent(meanShare(cell))} with steps of ${cell.stepMs / 1000} s`).join(', ')}.${beside}`
}

/** Of real training: what a step took. */
function stepSeconds ({ perPeer }: UtilizationResult): number {
  const trained = perPeer.reduce((sum, { share, seconds }) => sum + share * seconds, 0)
  return trained / perPeer.reduce((sum, { steps }) => sum + steps, 0)
}

function meanShare ({ perPeer }: UtilizationResult): number {
  return perPeer.reduce((sum, { share }) => sum + share, 0) / perPeer.length
}

function percent (share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
