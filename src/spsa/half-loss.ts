import { isLevel, LARGEST_LEVEL } from './scalar-codec.ts'

/** What an entry has for one place: a level, and the number that seeds of a pool have where there is one. */
export interface Told {
  readonly level: number
  readonly seed: number
}

/** Numbers of two bytes beside each level. */
export const HALF_SEEDS = 65_536
/** One less than there are: the last one is an abstention. */
const MODULUS = (2 * LARGEST_LEVEL + 1) * HALF_SEEDS - 1

/**
 * One of the two losses of a measurement, in three bytes: whole units of 2ε·g₀, of which the remainder is told. Two that are less than half of the modulus apart differ by what
 * their remainders do, so that any loss can be told, and the difference is the scalar in units of g₀, ±8.4 million of them: all that the signed byte spans.
 *
 * @param unit 2ε·g₀
 */
export function encodeHalf (loss: number, unit: number): Told {
  const units = Math.round(loss / unit)
  return placed(Number.isSafeInteger(units) ? (units % MODULUS + MODULUS) % MODULUS : MODULUS)
}

/** (above − below) / unit as far as it can be told; NaN where either abstains. */
export function halfDifference (above: Told, below: Told): number {
  const [one, other] = [codeOf(above), codeOf(below)]
  if (one === MODULUS || other === MODULUS) return NaN
  const difference = (one - other + MODULUS) % MODULUS
  return difference > MODULUS / 2 ? difference - MODULUS : difference
}

/** What an entry has of these places. */
export function toldOf (places: readonly Told[], isPooled: boolean): { readonly levels: Int8Array, readonly pool: Uint16Array | undefined } {
  return { levels: Int8Array.from(places, ({ level }) => level), pool: isPooled ? Uint16Array.from(places, ({ seed }) => seed) : undefined }
}

function placed (code: number): Told {
  return { level: Math.floor(code / HALF_SEEDS) - LARGEST_LEVEL, seed: code % HALF_SEEDS }
}

/** @throws RangeError for a level that no byte has */
function codeOf ({ level, seed }: Told): number {
  if (!isLevel(level)) throw new RangeError(`${level} is no level`)
  return (level + LARGEST_LEVEL) * HALF_SEEDS + seed
}
