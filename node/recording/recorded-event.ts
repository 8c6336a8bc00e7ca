import type { StampedEvent } from '../../src/events.ts'

/**
 * A line of NDJSON as an event; undefined for whatever is none: a line that was cut off, or another program's. JSON has no NaN, so
 * numbers that did not exist are null.
 */
export function parseRecorded (line: string): StampedEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isEvent (value: unknown): value is StampedEvent {
  if (typeof value !== 'object' || value === null) return false
  const { type, sequence, atMs } = value as Record<string, unknown>
  return typeof type === 'string' && typeof atMs === 'number' && Number.isSafeInteger(sequence)
}
