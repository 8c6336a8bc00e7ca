import { clip } from '../../table.ts'
import type { Theme } from '../../theme.ts'
import type { WatchSnapshot } from '../../watch-snapshot.ts'
import type { WatchState } from '../../watch-state.ts'
import { roundsTable } from '../tables.ts'
import type { Pane } from './pane.ts'
import { scrolledLines } from './pane.ts'

/** What became of each round, the newest at the bottom. */
export function roundsScreen ({ rounds }: WatchSnapshot, { scroll }: WatchState, { columns, rows }: Pane, theme: Theme): string[] {
  if (rounds.length === 0) return ['no round is over yet']
  const [head = '', ...body] = roundsTable(rounds).map(line => clip(line, columns))
  return [theme.faint(head), ...scrolledLines(body, scroll, rows - 1, 'bottom')]
}
