import { brotliCompressSync, constants, deflateSync } from 'node:zlib'
import { createCodec } from '../../src/compression/codec.ts'
import { ModuloReceiver, ModuloSender, blockSpreads } from '../../src/compression/modulo.ts'
import { createUniform } from '../../src/compression/uniform-quantizer.ts'
import type { Source } from './codec-sources.ts'

/** What one way of writing a vector costs and spoils. */
export interface Measurement {
  readonly source: string
  readonly codec: string
  /** Everything that travels: header, tables, scales. */
  readonly bitsPerValue: number
  /** Mean squared error as a share of the mean square. */
  readonly relativeError: number
  readonly cosine: number
  /** Bits a value above Shannon's lower bound at this error; for real data, above that of a Gaussian with the same mean square. */
  readonly bitsAboveBound: number
}

function measured (source: Source, codec: string, bytes: number, decoded: Float32Array): Measurement {
  let [squares, errors, products, decodedSquares] = [0, 0, 0, 0]
  source.values.forEach((value, index) => {
    const other = decoded[index] as number
    squares += value * value
    errors += (value - other) ** 2
    products += value * other
    decodedSquares += other * other
  })
  const bitsPerValue = 8 * bytes / source.values.length
  const bound = Math.max(0, 0.5 * Math.log2(squares / errors) - (source.entropyDeficit ?? 0))
  return {
    source: source.name, codec, bitsPerValue, relativeError: errors / squares, cosine: products / Math.sqrt(squares * decodedSquares || 1), bitsAboveBound: bitsPerValue - bound
  }
}

export function measureCodec (source: Source, spec: string): Measurement {
  const codec = createCodec(spec)
  const output = new Uint8Array(codec.maximumBytes(source.values.length))
  const bytes = codec.encode(source.values, output, 1)
  const decoded = new Float32Array(source.values.length)
  codec.decodeAccumulate(output.subarray(0, bytes), 1, decoded)
  return measured(source, codec.spec, bytes, decoded)
}

const compressors = {
  zlib: (bytes: Uint8Array): number => deflateSync(bytes, { level: 9 }).length,
  brotli: (bytes: Uint8Array): number => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 } }).length
} as const

/** The symbols of a uniform step, one byte each (two above six bits), through general compressors. */
export function measureUniformBaselines (source: Source, bits: number): readonly Measurement[] {
  const quantizer = createUniform(bits, 'nearest')
  const planes = quantizer.quantize(source.values, 1)
  const decoded = quantizer.dequantize(planes, source.values.length, 1)
  return Object.entries(compressors).map(([name, compress]) => {
    const bytes = planes.reduce((sum, plane) => sum + (plane.length === 0 ? 0 : Math.min(compress(plane), plane.length)), 0)
    return measured(source, `uniform(${bits}) + ${name}`, bytes, decoded)
  })
}

/** A packed encoding through general compressors. */
export function measurePackedBaselines (source: Source, spec: string): readonly Measurement[] {
  const codec = createCodec(spec)
  const output = new Uint8Array(codec.maximumBytes(source.values.length))
  const encoding = output.subarray(0, codec.encode(source.values, output, 1))
  const decoded = new Float32Array(source.values.length)
  codec.decodeAccumulate(encoding, 1, decoded)
  return Object.entries(compressors).map(([name, compress]) => measured(source, `${codec.spec} + ${name}`, compress(encoding), decoded))
}

/** What sending one replica's weights to the holder of another costs. */
export interface SideInformation {
  /** Δ as a multiple of the root mean square difference. */
  readonly relativeStep: number
  readonly bound: string
  readonly bitsPerValue: number
  readonly widenings: number
  /** What the same step costs without side information, entropy-coded. */
  readonly plainBitsPerValue: number
}

const BLOCK = 256

/** @param difference weights of the receiver less those of the sender */
export function measureSideInformation (weights: Float32Array, difference: Float32Array): readonly SideInformation[] {
  const reference = weights.map((value, index) => value + (difference[index] as number))
  const spread = rootMeanSquare(difference)
  const exact = blockSpreads(weights, reference, BLOCK)
  const bounds: ReadonlyArray<readonly [string, Float32Array]> = [
    ['the blocks’ true spreads', exact],
    ['6 root mean squares for every block', exact.map(() => 6 * spread)],
    ['half of the true spreads', exact.map(bound => bound / 2)]
  ]
  return [0.25, 0.5, 1].flatMap(relativeStep => bounds.map(([bound, widths]) => {
    const step = relativeStep * spread
    const { bytes, widenings } = exchange(weights, reference, widths, step)
    const plainBits = Math.log2(4.132731354122493 * rootMeanSquare(weights) / step)
    const plain = measureCodec({ name: 'weights', about: '', values: weights }, `uniform(${Math.max(0.25, plainBits).toFixed(3)}) | rans`)
    return { relativeStep, bound, bitsPerValue: 8 * bytes / weights.length, widenings, plainBitsPerValue: plain.bitsPerValue }
  }))
}

function exchange (weights: Float32Array, reference: Float32Array, bounds: Float32Array, step: number): { readonly bytes: number, readonly widenings: number } {
  const sender = new ModuloSender(weights, bounds, { step, block: BLOCK, seed: 1 })
  const message = sender.message()
  const receiver = new ModuloReceiver(message, reference, BLOCK)
  let [bytes, widenings] = [message.length, 0]
  for (let request = receiver.request(); request !== undefined; request = receiver.request()) {
    const widening = sender.widening(request)
    receiver.widen(widening)
    bytes += request.length + widening.length
    widenings++
  }
  return { bytes, widenings }
}

function rootMeanSquare (values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}
