import { clip } from '../../table.ts'
import type { Theme } from '../../theme.ts'
import type { WatchSnapshot } from '../../watch-snapshot.ts'
import type { WatchState } from '../../watch-state.ts'
import { peersTable, rejectedLines } from '../tables.ts'
import type { Pane } from './pane.ts'
import { scrolledLines } from './pane.ts'

/** Who else is here, or who was refused. */
export function peersScreen ({ peers: { connected, rejected } }: WatchSnapshot, { showsRefused, scroll }: WatchState, { columns, rows }: Pane, theme: Theme): string[] {
  if (showsRefused) {
    if (rejected.length === 0) return ['nobody was refused']
    return scrolledLines(rejectedLines(rejected).map(line => clip(line, columns)), scroll, rows, 'bottom')
  }
  if (connected.length === 0) return ['nobody else is here; shoal invite prints the line with which the next peer joins', ...refusals(rejected.length)].map(line => clip(line, columns))
  const [head = '', ...body] = peersTable(connected, { withAddresses: false }).map(line => clip(line, columns))
  const below = refusals(rejected.length)
  return [theme.faint(head), ...scrolledLines(body, scroll, rows - 1 - below.length, 'top'), ...below]
}

function refusals (count: number): string[] {
  return count === 0 ? [] : ['', `${count} ${count === 1 ? 'refusal' : 'refusals'}: r shows them`]
}
