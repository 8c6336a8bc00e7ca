import { brailleChart } from '../braille-chart.ts'
import { clip, table } from '../table.ts'
import type { Theme } from '../theme.ts'
import { formatBytes, formatCount, formatNumber, formatSeconds } from '../units.ts'

export interface SwarmPeer {
  readonly name: string
  readonly phase: string
  readonly step: number
  readonly loss: number
  readonly tokensPerSecond: number
  readonly round: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly spread: number
  readonly history: ReadonlyArray<{ readonly step: number, readonly loss: number }>
}

/** Everything that the live view of a local swarm shows at one moment. */
export interface SwarmSnapshot {
  readonly title: string
  readonly elapsedSeconds: number
  /** Inner steps a peer, 0 without an end. */
  readonly budgetSteps: number
  readonly peers: readonly SwarmPeer[]
  readonly recentLines: readonly string[]
  readonly joinLine: string
}

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

/** Enough of a curve to see its shape. */
const LARGEST_CHART_ROWS = 12
const SMALLEST_CHART_ROWS = 4
const SHOWN_LINES = 4

/** The live view: who does what, the loss curve, what was sent, how far replicas are apart. */
export function swarmScreen (snapshot: SwarmSnapshot, size: ScreenSize, theme: Theme): string[] {
  const header = [theme.title(clip(headline(snapshot), size.columns)), clip(totals(snapshot), size.columns), '']
  const peers = peerTable(snapshot, size.columns).map((line, index) => index === 0 ? theme.faint(line) : line)
  const recent = snapshot.recentLines.slice(-SHOWN_LINES).map(line => theme.faint(clip(line, size.columns)))
  const footer = ['', ...recent, '', `one more peer: ${theme.accent(snapshot.joinLine)}`]
  const joinRows = Math.ceil((snapshot.joinLine.length + 15) / size.columns) - 1
  const room = size.rows - 2 - header.length - peers.length - footer.length - joinRows
  const chart = room < SMALLEST_CHART_ROWS ? [] : ['', ...brailleChart(
    snapshot.peers.map(peer => ({ points: peer.history.map(({ step, loss }) => ({ x: step, y: loss })) })),
    { width: size.columns, height: Math.min(room, LARGEST_CHART_ROWS) }, 'training loss (nats per byte), step'
  )]
  return [...header, ...peers, ...chart, ...footer]
}

function headline ({ title, elapsedSeconds, budgetSteps, peers }: SwarmSnapshot): string {
  const step = Math.max(0, ...peers.map(peer => peer.step))
  const progress = budgetSteps === 0 ? `step ${formatCount(step)}` : `step ${formatCount(step)} of ${formatCount(budgetSteps)}${timeLeft(step, budgetSteps, elapsedSeconds)}`
  return `${title}   ${formatSeconds(elapsedSeconds)}   ${progress}`
}

function timeLeft (step: number, budget: number, elapsedSeconds: number): string {
  if (step === 0 || step >= budget) return ''
  return `, about ${formatSeconds(elapsedSeconds * (budget - step) / step)} left`
}

function totals ({ peers }: SwarmSnapshot): string {
  const sum = (value: (peer: SwarmPeer) => number): number => peers.reduce((total, peer) => total + value(peer), 0)
  const losses = peers.map(peer => peer.loss).filter(Number.isFinite)
  const spreads = peers.map(peer => peer.spread).filter(Number.isFinite)
  const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length
  return [
    `loss ${formatNumber(mean(losses), 3)}`,
    `${formatCount(sum(peer => peer.tokensPerSecond))} tokens/s`,
    `sent ${formatBytes(sum(peer => peer.bytesSent))}`,
    `received ${formatBytes(sum(peer => peer.bytesReceived))}`,
    `apart ${spreads.length === 0 ? '–' : mean(spreads).toExponential(1)}`
  ].join('   ')
}

function peerTable ({ peers }: SwarmSnapshot, columns: number): string[] {
  const right = 'right' as const
  return table(
    [{ title: 'peer' }, { title: 'step', align: right }, { title: 'round', align: right }, { title: 'loss', align: right }, { title: 'tokens/s', align: right },
      { title: 'sent', align: right }, { title: 'received', align: right }, { title: 'now' }],
    peers.map(peer => [
      peer.name, formatCount(peer.step), formatCount(peer.round), formatNumber(peer.loss, 3), formatCount(peer.tokensPerSecond),
      formatBytes(peer.bytesSent), formatBytes(peer.bytesReceived), peer.phase
    ])
  ).map(line => clip(line, columns))
}
