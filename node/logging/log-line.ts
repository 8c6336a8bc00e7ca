import type { PeerEvent } from '../../src/events.ts'
import { eventLine } from '../terminal/event-lines.ts'
import { parseRecorded } from '../recording/recorded-event.ts'
import { printable } from '../terminal/printable.ts'
import type { Theme } from '../terminal/theme.ts'

/** pino's numbers. */
const LEVELS: ReadonlyArray<readonly [number, string]> = [[50, 'error'], [40, 'warn'], [30, 'info'], [20, 'debug']]
const NAME_WIDTH = 5

/** A line of the log file for people: time, level, and the sentence with the values that belong to it. Other lines stay as they are. */
export function renderLogLine (line: string, theme: Theme): string {
  const entry = entryOf(line)
  if (entry === undefined) return printable(line)
  const { time, level, msg, event, ...values } = entry
  const name = LEVELS.find(([number]) => Number(level) >= number)?.[1] ?? 'trace'
  const mark = name === 'error' || name === 'warn' ? theme.warning(name.padEnd(NAME_WIDTH)) : theme.faint(name.padEnd(NAME_WIDTH))
  const sentence = sentenceOf(event) ?? [textOf(msg), ...Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join('  ')
  return `${theme.faint(textOf(time))}  ${mark}  ${printable(sentence)}`
}

const plain: Theme = { title: text => text, good: text => text, warning: text => text, bad: text => text, faint: text => text, accent: text => text }

/** What the peer tells on the terminal, in one line. */
function sentenceOf (event: unknown): string | undefined {
  const known = event === undefined ? undefined : parseRecorded(JSON.stringify(event))
  if (known === undefined) return undefined
  return (eventLine(known satisfies PeerEvent, plain) ?? known.type).replace(/\n/g, '; ')
}

function textOf (value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}

function entryOf (line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'time' in value ? { ...value } : undefined
  } catch {
    return undefined
  }
}
