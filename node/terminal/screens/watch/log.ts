import { clip } from '../../table.ts'
import type { Theme } from '../../theme.ts'
import type { WatchSnapshot } from '../../watch-snapshot.ts'
import type { WatchState } from '../../watch-state.ts'
import type { Pane } from './pane.ts'
import { scrolledLines } from './pane.ts'

const CLOCK = { start: 11, end: 19 }

/** What the peer told, the newest at the bottom, with the time of day (UTC). */
export function logScreen ({ log }: WatchSnapshot, { scroll }: WatchState, { columns, rows }: Pane, theme: Theme): string[] {
  if (log.length === 0) return ['nothing was told yet']
  return scrolledLines(log, scroll, rows, 'bottom').map(({ atMs, text }) => {
    const time = clockOf(atMs)
    return `${theme.faint(time)}  ${clip(text, columns - time.length - 2)}`
  })
}

/** Hours, minutes and seconds, the same everywhere. */
export function clockOf (atMs: number): string {
  return new Date(atMs).toISOString().slice(CLOCK.start, CLOCK.end)
}
