import { ShoalError } from '../../src/errors.ts'
import { exitCodeOf } from './exit-codes.ts'

export interface ErrorStyle {
  readonly json: boolean
  /** Shows where in the code it happened. */
  readonly verbose: boolean
  /** Marks the word `error`; plain text without colours. */
  readonly highlight: (text: string) => string
}

/** What reaches the user of something thrown, and the exit code that goes with it. */
export interface RenderedError {
  readonly text: string
  readonly exitCode: number
}

/** Three lines (what, why, try) or one JSON document; a stack only when asked for. */
export function renderError (thrown: unknown, style: ErrorStyle): RenderedError {
  const error = thrown instanceof ShoalError ? thrown : unexpected(thrown)
  const exitCode = exitCodeOf(error.code)
  if (style.json) {
    const { code, message, why, tryThis } = error
    return { text: `${JSON.stringify({ error: { code, message, why, try: tryThis } })}\n`, exitCode }
  }
  const lines = [`${style.highlight('error:')} ${inOneLine(error.message)}`, `  why: ${inOneLine(error.why)}`, `  try: ${inOneLine(error.tryThis)}  [${error.code}]`]
  if (style.verbose) lines.push('', stackOf(thrown))
  return { text: `${lines.join('\n')}\n`, exitCode }
}

/** What the engine says of a bad file may quote several of its lines. */
function inOneLine (text: string): string {
  return text.replace(/\s*[\r\n]\s*/g, ' ')
}

/** What any write may meet, wherever it is: nobody's mistake in the code. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])

function unexpected (thrown: unknown): ShoalError {
  if (thrown instanceof Error && 'code' in thrown && NO_ROOM.has(String(thrown.code))) {
    return new ShoalError({
      code: 'DATA_DIRECTORY_UNWRITABLE', what: 'a file cannot be written', why: thrown.message, tryThis: 'free some space, or choose another directory with --data-dir', cause: thrown
    })
  }
  return new ShoalError({
    code: 'INTERNAL',
    what: 'something went wrong that should not have',
    why: thrown instanceof Error ? thrown.message : String(thrown),
    tryThis: 'the same command with --verbose, and report what it prints',
    cause: thrown
  })
}

function stackOf (thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const own = thrown.stack ?? thrown.message
  return thrown.cause === undefined ? own : `${own}\ncaused by ${stackOf(thrown.cause)}`
}
