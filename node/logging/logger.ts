import { mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured logging: a sentence and the values that belong to it. Never secrets, never what strangers sent above debug. */
export interface Logger {
  debug (sentence: string, values?: Record<string, unknown>): void
  info (sentence: string, values?: Record<string, unknown>): void
  warn (sentence: string, values?: Record<string, unknown>): void
  error (sentence: string, values?: Record<string, unknown>): void
  /** Writes out what is buffered. */
  close (): Promise<void>
}

/** A log of this size is months of one peer; the one before it stays as `.1`. */
const LARGEST_LOG_BYTES = 20 * 1024 * 1024

/** Opens the log file of a peer (NDJSON), turning an oversized one over first. */
export function openLogger (path: string, level: LogLevel): Logger {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  turnOver(path)
  const file = destination({ dest: path, sync: false, mkdir: false })
  // A full disk must not end the peer over a log line; what cannot be written is lost.
  file.on('error', () => undefined)
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, file)
  return {
    debug: (sentence, values = {}) => { log.debug(values, sentence) },
    info: (sentence, values = {}) => { log.info(values, sentence) },
    warn: (sentence, values = {}) => { log.warn(values, sentence) },
    error: (sentence, values = {}) => { log.error(values, sentence) },
    close: async () => new Promise(resolve => {
      file.once('close', resolve)
      file.once('error', () => { resolve() })
      file.end()
    })
  }
}

function turnOver (path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > LARGEST_LOG_BYTES) renameSync(path, `${path}.1`)
}
