import { closeSync, createReadStream, existsSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { StampedEvent } from '../../src/events.ts'
import { parseRecorded } from './recorded-event.ts'

const FILE_NAME = /^(\d{12})\.ndjson$/
const NAME_DIGITS = 12
/** No line is longer: an event names at most a view's worth of peers and addresses. */
const LONGEST_LINE_BYTES = 64 * 1024
const NEWLINE = 0x0a

/** A file of events, named by the sequence number of its first one. */
export interface EventFile {
  readonly path: string
  readonly first: number
}

/** The files of a recording, oldest first; none where there is no such folder. */
export function eventFiles (folder: string): EventFile[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap(name => {
    const first = FILE_NAME.exec(name)?.[1]
    return first === undefined ? [] : [{ path: join(folder, name), first: Number(first) }]
  }).sort((a, b) => a.first - b.first)
}

export function eventFilePath (folder: string, first: number): string {
  return join(folder, `${String(first).padStart(NAME_DIGITS, '0')}.ndjson`)
}

/** Events after a sequence number, in order. A line that was cut off, by a power failure for instance, is passed over. */
export async function * recordedEvents (folder: string, after = 0): AsyncGenerator<StampedEvent> {
  const files = eventFiles(folder)
  const begin = files.findLastIndex(({ first }) => first <= after + 1)
  for (const { path } of files.slice(Math.max(0, begin))) {
    const input = createReadStream(path, 'utf8')
    // One that rotation has just removed is gone, as the events in it are.
    input.on('error', () => { input.destroy() })
    const lines = createInterface({ input, crlfDelay: Infinity })
    try {
      for await (const line of lines) {
        const event = parseRecorded(line)
        if (event !== undefined && event.sequence > after) yield event
      }
    } finally {
      lines.close()
      input.destroy()
    }
  }
}

/**
 * Makes a recording ready to be gone on with: what a crash has left of a last line is cut off.
 *
 * @returns the last sequence number, 0 for a new recording, and the file to go on with
 */
export function repairRecording (folder: string): { readonly last: number, readonly file: EventFile | undefined, readonly bytes: number } {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = eventFiles(folder).at(-1)
  if (file === undefined) return { last: 0, file, bytes: 0 }
  const last = cutOffTail(file.path) ?? file.first - 1
  return { last, file, bytes: statSync(file.path).size }
}

/** Cuts a file after its last whole event; returns that event's number, or undefined for a file without one. */
function cutOffTail (path: string): number | undefined {
  const file = openSync(path, 'r+')
  try {
    let end = fstatSync(file).size
    while (end > 0) {
      const line = lastLine(file, end)
      const event = line.isWhole ? parseRecorded(line.text) : undefined
      if (event !== undefined) {
        ftruncateSync(file, end)
        return event.sequence
      }
      end = line.start
    }
    ftruncateSync(file, 0)
    return undefined
  } finally {
    closeSync(file)
  }
}

/** The line that ends at `end`; whole if a newline closes it. */
function lastLine (file: number, end: number): { readonly text: string, readonly start: number, readonly isWhole: boolean } {
  const from = Math.max(0, end - LONGEST_LINE_BYTES)
  const bytes = Buffer.alloc(end - from)
  readSync(file, bytes, 0, bytes.length, from)
  const isWhole = bytes.at(-1) === NEWLINE
  const before = bytes.lastIndexOf(NEWLINE, isWhole ? bytes.length - 2 : bytes.length - 1)
  const start = from + before + 1
  return { text: bytes.subarray(before + 1).toString('utf8').trim(), start, isWhole }
}
