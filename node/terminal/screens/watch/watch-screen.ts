import { clip } from '../../table.ts'
import type { Theme } from '../../theme.ts'
import { TABS } from '../../watch-state.ts'
import type { WatchState } from '../../watch-state.ts'
import type { WatchSnapshot } from '../../watch-snapshot.ts'
import type { ScreenSize } from '../swarm.ts'
import { bandwidthScreen } from './bandwidth.ts'
import { helpScreen } from './help.ts'
import { logScreen } from './log.ts'
import { overviewScreen } from './overview.ts'
import type { Pane } from './pane.ts'
import { peersScreen } from './peers.ts'
import { roundsScreen } from './rounds.ts'

/** Smaller than this, nothing is legible. */
const SMALLEST: ScreenSize = { columns: 40, rows: 10 }
/** Tabs, a blank line, and the keys. */
const FRAME_ROWS = 3

/** The whole screen of `top` and `replay`: exactly as many lines as the terminal has, none wider. */
export function watchScreen (snapshot: WatchSnapshot, state: WatchState, size: ScreenSize, theme: Theme): string[] {
  if (size.columns < SMALLEST.columns || size.rows < SMALLEST.rows) return [clip(`enlarge the terminal to ${SMALLEST.columns}×${SMALLEST.rows}`, size.columns)]
  const pane = { columns: size.columns, rows: size.rows - FRAME_ROWS }
  const body = state.showsHelp ? helpScreen(pane) : bodyOf(snapshot, state, pane, theme)
  const padded = Array.from({ length: pane.rows }, (_, row) => body[row] ?? '')
  return [tabLine(snapshot, state, size.columns, theme), '', ...padded, keyLine(state, size.columns, theme)]
}

function bodyOf (snapshot: WatchSnapshot, state: WatchState, pane: Pane, theme: Theme): string[] {
  switch (state.tab) {
    case 'overview': return overviewScreen(snapshot, pane, theme)
    case 'peers': return peersScreen(snapshot, state, pane, theme)
    case 'bandwidth': return bandwidthScreen(snapshot, state, pane, theme)
    case 'rounds': return roundsScreen(snapshot, state, pane, theme)
    case 'log': return logScreen(snapshot, state, pane, theme)
  }
}

/** A narrow terminal has the numbers of the tabs, and the name of the one that is open. */
function tabLine ({ source }: WatchSnapshot, { tab, isFrozen }: WatchState, columns: number, theme: Theme): string {
  const whole = TABS.map((name, index) => name === tab ? `[${index + 1} ${name}]` : ` ${index + 1} ${name} `)
  const tabs = whole.join(' ').length <= columns ? whole : TABS.map((name, index) => name === tab ? `[${index + 1} ${name}]` : ` ${index + 1} `)
  const right = isFrozen ? `${source}, held` : source
  const room = columns - tabs.join(' ').length - right.length
  const coloured = tabs.map((text, index) => TABS[index] === tab ? theme.title(text) : theme.faint(text)).join(' ')
  return room < 1 ? coloured : `${coloured}${' '.repeat(room)}${isFrozen ? theme.warning(right) : theme.faint(right)}`
}

function keyLine ({ tab }: WatchState, columns: number, theme: Theme): string {
  const own = tab === 'peers' ? 'r refused   ' : tab === 'bandwidth' ? 'b by peer, protocol, round   ' : tab === 'overview' ? '' : '↑↓ scroll   '
  return theme.faint(clip(`1-5 tabs   ${own}p hold   ? help   q quit`, columns))
}
