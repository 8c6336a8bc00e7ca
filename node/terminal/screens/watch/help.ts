import { clip } from '../../table.ts'
import type { Pane } from './pane.ts'

const KEYS: ReadonlyArray<readonly [string, string]> = [
  ['1 2 3 4 5', 'overview, peers, bandwidth, rounds, log'],
  ['← → Tab', 'the screen before, the next one'],
  ['↑ ↓ PgUp PgDn', 'scroll; Esc goes back to where it was'],
  ['p, space', 'hold what is shown; in a replay, hold time'],
  ['r', 'peers: who is here, or who was refused'],
  ['b', 'bandwidth: by peer, protocol, round'],
  ['+ -', 'replay: faster, slower'],
  ['q, Ctrl-C', 'leave; the peer goes on']
]

export function helpScreen ({ columns }: Pane): string[] {
  return [...KEYS.map(([key, what]) => `  ${key.padEnd(14)}  ${what}`), '', '  any key goes back'].map(line => clip(line, columns))
}
