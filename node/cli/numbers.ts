import { ShoalError } from '../../src/errors.ts'

export interface NumberRange {
  readonly minimum: number
  readonly maximum?: number
  /** Whole numbers unless false. */
  readonly whole?: boolean
}

/**
 * The number that an option was given as.
 *
 * @throws ShoalError USAGE for a word that is no number in range
 */
export function numberOption (name: string, text: string, range: NumberRange): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  const whole = range.whole !== false
  const maximum = range.maximum ?? Number.MAX_SAFE_INTEGER
  if (value >= range.minimum && value <= maximum && (!whole || Number.isSafeInteger(value))) return value
  const limit = range.maximum === undefined ? `of at least ${range.minimum}` : `from ${range.minimum} to ${range.maximum}`
  throw new ShoalError({
    code: 'USAGE',
    what: `--${name} ${text} cannot be used`,
    why: `it has to be a ${whole ? 'whole ' : ''}number ${limit}`,
    tryThis: `--${name} ${range.minimum}`
  })
}
