import { ShoalError } from '../errors.ts'

/** What a person promises their line: in any `windowSeconds` at most `bytesPerSecond × windowSeconds` leave this peer. */
export interface UploadPromise {
  readonly bytesPerSecond: number
  readonly windowSeconds: number
}

const BITS_PER_BYTE = 8
const SECONDS_PER_DAY = 86_400
/** A line that is shared with people: what a video call notices is over in a minute. */
const LINE_WINDOW_SECONDS = 60
/** A day's volume is spent evenly: whoever looks after an hour finds no more than its share. */
const VOLUME_WINDOW_SECONDS = 3600
/** Below, not even membership fits (about 1 kB/s idle); above, no line. */
const [LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND] = [2_000, 12_500_000_000]

const LINE = /^(\d+(?:\.\d+)?)\s*([kmg])bit(?:\/s)?$/i
const VOLUME = /^(\d+(?:\.\d+)?)\s*([kmg])b$/i
const POWERS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9 }

/**
 * `1mbit`, `500 kbit/s`: bits, as lines are sold.
 *
 * @throws ShoalError USAGE
 */
export function parseUpload (text: string): UploadPromise {
  return { bytesPerSecond: within('upload', text, amountIn(text, LINE) / BITS_PER_BYTE, 'a rate such as 1mbit or 500kbit'), windowSeconds: LINE_WINDOW_SECONDS }
}

/**
 * `2GB`, `500 MB`: bytes a day, as volumes are sold.
 *
 * @throws ShoalError USAGE
 */
export function parseBytesPerDay (text: string): UploadPromise {
  return { bytesPerSecond: within('bytes-per-day', text, amountIn(text, VOLUME) / SECONDS_PER_DAY, 'a volume such as 2GB or 500MB'), windowSeconds: VOLUME_WINDOW_SECONDS }
}

function amountIn (text: string, pattern: RegExp): number {
  const [, amount, unit] = pattern.exec(text.trim()) ?? []
  return Number(amount) * (POWERS[unit?.toLowerCase() ?? ''] ?? NaN)
}

function within (option: string, text: string, bytesPerSecond: number, form: string): number {
  if (bytesPerSecond >= LEAST_BYTES_PER_SECOND && bytesPerSecond <= MOST_BYTES_PER_SECOND) return bytesPerSecond
  const limit = bytesPerSecond > MOST_BYTES_PER_SECOND ? `no line carries more than ${MOST_BYTES_PER_SECOND}` : `finding peers and keeping in touch needs ${LEAST_BYTES_PER_SECOND}`
  throw new ShoalError({
    code: 'USAGE',
    what: `--${option} ${text.slice(0, 40)} cannot be promised`,
    why: Number.isNaN(bytesPerSecond) ? `it must be ${form}` : `it comes to ${Math.round(bytesPerSecond)} bytes a second; ${limit}`,
    tryThis: option === 'upload' ? '--upload 1mbit' : '--bytes-per-day 2GB'
  })
}
