import { ShoalError } from '../../src/errors.ts'
import { numberOption } from '../../node/cli/numbers.ts'

const RANGE = /^(\d+)(?:\.\.(\d+))?$/
const HIGHEST_SEED = 0xffff_ffff
/** A night's worth; more is a typing error. */
const MOST_SEEDS = 100_000

/** `7`, or `1..20`. @throws ShoalError USAGE */
export function seedsOption (text: string): readonly number[] {
  const [, first, last = first] = RANGE.exec(text.trim()) ?? []
  if (first === undefined || last === undefined) throw refused(text, 'it is one seed, or the first and the last with two dots between them')
  const [from, to] = [first, last].map(seed => numberOption('seeds', seed, { minimum: 0, maximum: HIGHEST_SEED })) as [number, number]
  if (to < from || to - from >= MOST_SEEDS) throw refused(text, to < from ? 'the last comes before the first' : `that is more than ${MOST_SEEDS}`)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function refused (text: string, why: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what: `--seeds ${text.slice(0, 40)} cannot be used`, why, tryThis: '--seeds 1..20' })
}
