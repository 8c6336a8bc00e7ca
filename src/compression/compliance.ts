import { ShoalError } from '../errors.ts'
import { words } from '../random/words.ts'
import type { Words } from '../random/words.ts'
import type { Codec } from './codec.ts'
import { headerBytes, seal } from './header.ts'

/** What a codec promises beyond the interface. */
export interface CodecPromise {
  /** Values that share what an outlier can spoil. */
  readonly block: number
  /** Largest error of a value, as a share of the largest magnitude in its block. */
  readonly relativeError: number
  /** Errors below this are allowed at any magnitude; 2⁻¹³³ unless said otherwise. */
  readonly smallestError?: number
}

const STREAM = 4003
const LENGTH_AT = 8
const DAMAGES = 200
const LENGTHS = [0, 1, 3, 64, 100, 257, 2300] as const

/**
 * Holds a codec to the contract of {@link Codec} without a test runner: `expect(codecViolations(codec, promise)).toEqual([])`. Inputs are the same on every run.
 *
 * @returns what it does wrong, a sentence each; nothing where it complies
 */
export function codecViolations (codec: Codec, promise: CodecPromise): readonly string[] {
  const source = words(1, STREAM)
  return [...roundTrips(codec, promise, source), ...sizes(codec), ...refusals(codec), ...damages(codec, source)].map(violation => `${codec.spec} ${violation}`)
}

function samplesOf (length: number, source: Words): ReadonlyArray<readonly [string, Float32Array]> {
  const uniform = (): number => source.next() / 2 ** 31 - 1
  const make = (value: (index: number) => number): Float32Array => Float32Array.from({ length }, (_, index) => value(index))
  return [
    ['zeros', make(() => 0)], ['a constant', make(() => -0.021)], ['denormals', make(index => (index - 65) * 2 ** -140)], ['noise', make(uniform)],
    ['an outlier', make(index => index === 2 ? 1e20 : 1e-3 * uniform())], ['many sizes', make(index => uniform() * 2 ** (index % 60 - 30))], ['few symbols', make(index => [0, 1, -1, 0.5][index % 7] ?? 0)]
  ]
}

function * roundTrips (codec: Codec, promise: CodecPromise, source: Words): Generator<string> {
  for (const length of LENGTHS) {
    for (const [name, values] of samplesOf(length, source)) {
      const before = values.slice()
      const bytes = encoded(codec, values)
      if (values.some((value, index) => !Object.is(value, before[index]))) yield `changes ${name} that it encodes`
      if (!isEqual(bytes, encoded(codec, values))) yield `gives ${name} other bytes the second time`
      const result = new Float32Array(length)
      codec.decodeAccumulate(bytes, 1, result)
      const worst = worstExcess(values, result, promise)
      if (!(worst <= 1)) yield `errs ${worst.toPrecision(3)} times as much as it promises on ${length} values: ${name}`
      const sum = new Float32Array(length).fill(2)
      codec.decodeAccumulate(bytes, 0.25, sum)
      if (sum.some((value, index) => !(Math.abs(value - Math.fround(2 + 0.25 * (result[index] as number))) <= 1e-6 * Math.max(8, Math.abs(value))))) yield `does not add weight · value for ${name}`
    }
  }
}

/** The largest error over what is allowed; at most 1 where the promise is kept. */
function worstExcess (values: Float32Array, result: Float32Array, { block, relativeError, smallestError = 2 ** -133 }: CodecPromise): number {
  let worst = 0
  for (let start = 0; start < values.length; start += block) {
    const part = values.subarray(start, start + block)
    const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const allowed = relativeError === 0 ? 0 : Math.max(relativeError * largest, smallestError)
    part.forEach((value, index) => {
      const error = Math.abs(value - (result[start + index] as number))
      if (error > 0) worst = Math.max(worst, error / allowed)
      if (Number.isNaN(error)) worst = Infinity
    })
  }
  return worst
}

function * sizes (codec: Codec): Generator<string> {
  for (const length of [0, 1, 1000, 65_537, 10_000_000]) if (!(codec.expectedBytes(length) <= codec.maximumBytes(length))) yield `expects more bytes than its maximum for ${length} values`
}

function * refusals (codec: Codec): Generator<string> {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const values = new Float32Array(100).fill(0.5)
    values[77] = bad
    if (codeOf(() => encoded(codec, values)) !== 'CODEC_CORRUPT') yield `encodes ${bad}`
  }
  const short = new Uint8Array(codec.maximumBytes(100) - 1)
  if (codeOf(() => codec.encode(new Float32Array(100).fill(0.5), short)) !== 'RangeError') yield 'encodes into an output that is too short'
  const bytes = encoded(codec, new Float32Array(10).fill(1))
  for (const claim of [2 ** 40, 9, 11, 0]) {
    const forged = bytes.slice()
    new DataView(forged.buffer).setBigUint64(LENGTH_AT, BigInt(claim), true)
    seal(forged)
    if (decodeBadly(codec, forged, 10) !== 'refused') yield `believes a claim of ${claim} values where there must be 10`
  }
}

/** Random bytes, and encodings with a few bytes changed, shorter or longer, with a checksum that fits and without. */
function * damages (codec: Codec, source: Words): Generator<string> {
  const values = Float32Array.from({ length: 2300 }, (_, index) => Math.fround((index % 13 - 6) / 7) ** 5)
  const bytes = encoded(codec, values)
  const start = headerBytes(codec.spec)
  for (let round = 0; round < DAMAGES; round++) {
    const damaged = new Uint8Array(Math.max(start, bytes.length + source.next() % 41 - 20))
    damaged.set(bytes.subarray(0, damaged.length))
    const isRandom = round % 4 === 0
    for (let change = 0; change < (isRandom ? damaged.length - start : 1 + round % 6); change++) {
      damaged[isRandom ? start + change : start + source.next() % Math.max(1, damaged.length - start)] = source.next()
    }
    if (round % 2 === 0) seal(damaged)
    const outcome = decodeBadly(codec, damaged, values.length)
    if (outcome !== 'refused' && outcome !== 'finite') yield `${outcome} of damaged bytes (round ${round})`
  }
}

function decodeBadly (codec: Codec, bytes: Uint8Array, length: number): string {
  const accumulator = new Float32Array(length).fill(1)
  const code = codeOf(() => { codec.decodeAccumulate(bytes, 0.5, accumulator) })
  if (code === undefined) return accumulator.every(Number.isFinite) ? 'finite' : 'decodes to what is not finite'
  if (code !== 'CODEC_CORRUPT') return `throws ${code}`
  return accumulator.every(value => value === 1) ? 'refused' : 'adds a part'
}

function codeOf (work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (thrown) {
    return thrown instanceof ShoalError ? thrown.code : thrown instanceof Error ? thrown.name : 'something else'
  }
}

function encoded (codec: Codec, values: Float32Array): Uint8Array {
  const output = new Uint8Array(codec.maximumBytes(values.length))
  return output.slice(0, codec.encode(values, output))
}

function isEqual (one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
