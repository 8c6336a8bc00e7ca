import type { Key } from './keys.ts'

export const TABS = ['overview', 'peers', 'bandwidth', 'rounds', 'log'] as const
export type Tab = typeof TABS[number]

const BANDWIDTH_VIEWS = ['peer', 'protocol', 'round'] as const

/** What the person who watches has chosen. */
export interface WatchState {
  readonly tab: Tab
  /** Lines above the newest, where a screen is longer than the terminal. */
  readonly scroll: number
  readonly showsHelp: boolean
  /** Shows one moment while time goes on; in a replay, time itself stands. */
  readonly isFrozen: boolean
  readonly showsRefused: boolean
  readonly bandwidthBy: typeof BANDWIDTH_VIEWS[number]
  /** How much faster than life a recording plays. */
  readonly speed: number
  readonly isOver: boolean
}

export const initialWatchState: WatchState = {
  tab: 'overview', scroll: 0, showsHelp: false, isFrozen: false, showsRefused: false, bandwidthBy: 'protocol', speed: 1, isOver: false
}

/** Lines that page-up and page-down move by: most of the smallest screen. */
const PAGE_LINES = 15
export const SLOWEST = 1 / 4
export const FASTEST = 1024

/** What a key does; one that means nothing changes nothing. */
export function pressKey (state: WatchState, key: Key): WatchState {
  if (key === 'q' || key === 'interrupt') return { ...state, isOver: true }
  if (state.showsHelp) return { ...state, showsHelp: false }
  switch (key) {
    case '1': case '2': case '3': case '4': case '5': return openTab(state, Number(key) - 1)
    case 'tab': case 'right': return openTab(state, TABS.indexOf(state.tab) + 1)
    case 'back-tab': case 'left': return openTab(state, TABS.indexOf(state.tab) + TABS.length - 1)
    case 'up': case 'k': return scrolled(state, 1)
    case 'down': case 'j': return scrolled(state, -1)
    case 'page-up': return scrolled(state, PAGE_LINES)
    case 'page-down': return scrolled(state, -PAGE_LINES)
    case 'end': case 'escape': return { ...state, scroll: 0 }
    case '?': case 'h': return { ...state, showsHelp: true }
    case 'p': case 'space': return { ...state, isFrozen: !state.isFrozen }
    case 'r': return { ...state, showsRefused: !state.showsRefused, scroll: 0 }
    case 'b': return { ...state, bandwidthBy: BANDWIDTH_VIEWS[(BANDWIDTH_VIEWS.indexOf(state.bandwidthBy) + 1) % BANDWIDTH_VIEWS.length] ?? 'peer', scroll: 0 }
    case '+': case '=': return { ...state, speed: Math.min(FASTEST, state.speed * 2) }
    case '-': return { ...state, speed: Math.max(SLOWEST, state.speed / 2) }
    default: return state
  }
}

function openTab (state: WatchState, index: number): WatchState {
  return { ...state, tab: TABS[index % TABS.length] ?? 'overview', scroll: 0 }
}

function scrolled (state: WatchState, lines: number): WatchState {
  return { ...state, scroll: Math.max(0, state.scroll + lines) }
}
