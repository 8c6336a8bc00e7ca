import { clip } from '../../table.ts'
import type { Theme } from '../../theme.ts'
import { formatBytes } from '../../units.ts'
import type { WatchSnapshot } from '../../watch-snapshot.ts'
import type { WatchState } from '../../watch-state.ts'
import { bandwidthTable } from '../tables.ts'
import type { Pane } from './pane.ts'
import { scrolledLines } from './pane.ts'

/** What went over the network, by whatever is chosen. */
export function bandwidthScreen ({ bandwidth, rounds }: WatchSnapshot, { bandwidthBy, scroll }: WatchState, { columns, rows }: Pane, theme: Theme): string[] {
  const { totals, rate, promise } = bandwidth
  const lines = [
    `payload ↑ ${formatBytes(totals.payloadSent)} ↓ ${formatBytes(totals.payloadReceived)}   wire ↑ ${formatBytes(totals.wireSent)} ↓ ${formatBytes(totals.wireReceived)}   control ↑ ${formatBytes(totals.controlSent)} ↓ ${formatBytes(totals.controlReceived)}`,
    `now ↑ ${formatBytes(rate.sentPerSecond)}/s   ↓ ${formatBytes(rate.receivedPerSecond)}/s${promise === '' ? '' : `   promised at most ${promise}`}`,
    ''
  ].map(line => clip(line, columns))
  const [head = '', ...body] = bandwidthTable(bandwidthBy, bandwidth, rounds).map(line => clip(line, columns))
  const table = body.length === 0 ? ['nothing yet'] : [theme.faint(head), ...scrolledLines(body, scroll, rows - lines.length - 1, 'top')]
  return [...lines, ...table]
}
