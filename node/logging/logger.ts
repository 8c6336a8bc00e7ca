import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino } from 'pino'
import { rotate, sizeOf } from './rotate.ts'

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

/** Weeks of one peer. */
const LARGEST_LOG_BYTES = 10 * 1024 * 1024

/** Opens the log file of a peer (NDJSON); it is turned over when it has grown too large, at the start and while the peer runs. */
export function openLogger (path: string, level: LogLevel, largestBytes = LARGEST_LOG_BYTES): Logger {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (sizeOf(path) >= largestBytes) rotate(path)
  const file = destination({ dest: path, sync: false, mkdir: false, mode: 0o600 })
  let bytes = sizeOf(path)
  // A full disk must not end the peer over a log line; what cannot be written is lost.
  file.on('error', () => undefined)
  file.on('write', (written: number) => {
    bytes += written
    if (bytes < largestBytes) return
    bytes = 0
    rotate(path)
    file.reopen()
  })
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
