/** What encoding this peer's own contribution cost. */
export interface EncodingFigures {
  /** ‖x − Q(x)‖ / ‖x‖ of what was sent; 0 for a codec that loses nothing. */
  readonly error: number
  /** Of everything that was sent, headers and entropy coder's tables included. */
  readonly bitsPerValue: number
}

/** The error is measured on so many values at most, evenly spread: a round holds the peer's thread, and more would tell nothing new. */
const MEASURED_VALUES = 65_536

interface Encoded {
  readonly values: Float32Array
  readonly decoded: Float32Array
}

/** @returns undefined where nothing was encoded */
export function encodingFigures (vectors: readonly Encoded[], bytes: number): EncodingFigures | undefined {
  const count = vectors.reduce((sum, { values }) => sum + values.length, 0)
  if (count === 0) return undefined
  const stride = Math.ceil(count / MEASURED_VALUES)
  const errors = vectors.map(vector => squaredError(vector, stride))
  const lost = errors.reduce((sum, error) => sum + error.lost, 0)
  const whole = errors.reduce((sum, error) => sum + error.whole, 0)
  return { error: lost === 0 ? 0 : Math.sqrt(lost / whole), bitsPerValue: 8 * bytes / count }
}

/** Sums of squares of every `stride`-th value and of what its decoding is off by. */
function squaredError ({ values, decoded }: Encoded, stride: number): { readonly lost: number, readonly whole: number } {
  let lost = 0
  let whole = 0
  for (let index = 0; index < values.length; index += stride) {
    const value = values[index] as number
    lost += (value - (decoded[index] as number)) ** 2
    whole += value ** 2
  }
  return { lost, whole }
}
