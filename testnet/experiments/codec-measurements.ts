import { brotliCompressSync, constants, deflateSync } from 'node:zlib'
import { megabytesPerSecond } from '../../node/cli/commands/bench-codec.ts'
import type { CodecSpeed } from '../../node/cli/commands/bench-codec.ts'
import { createCodec } from '../../src/compression/codec.ts'
import { createReferencedCodec } from '../../src/compression/referenced-codec.ts'
import type { ReferencedCodec, ReferencedSender } from '../../src/compression/referenced-codec.ts'
import { blockSpreads } from '../../src/compression/spreads.ts'
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
  /** Root mean square difference between the replicas over that of their weights. */
  readonly relativeSpread: number
  readonly codec: string
  /** What the sender took the spread of each block for. */
  readonly believed: string
  /** First message, requests and widenings. */
  readonly bitsPerValue: number
  readonly rounds: number
  /** Mean squared error as a share of the mean squared difference. */
  readonly relativeError: number
  /** What the same error costs without the receiver's weights. */
  readonly plainBitsPerValue: number
}

const REFERENCED_SPECS = ['modulo(2,64) | rans', 'modulo(3,64) | rans', 'modulo(4,64) | rans']
/** The measured difference as it is, and nearer and further apart. */
const NEARNESS = [0.25, 1, 4]

/** @param difference weights of the receiver less those of the sender */
export function measureSideInformation (weights: Float32Array, difference: Float32Array): readonly SideInformation[] {
  return NEARNESS.flatMap(scale => {
    const reference = weights.map((value, index) => value + scale * (difference[index] as number))
    return REFERENCED_SPECS.flatMap(spec => {
      const codec = createReferencedCodec(spec)
      const exact = blockSpreads(weights, reference, codec.block)
      const common = rootMeanSquare(exact)
      const beliefs = [['true, block by block', exact], ['true, one for all', exact.map(() => common)], ['half of the true ones', exact.map(spread => spread / 2)]] as const
      return beliefs.map(([believed, spreads]) => {
        const { bytes, widenings, decoded } = exchange(codec, weights, reference, spreads)
        const error = rootMeanSquare(decoded.map((value, index) => value - (weights[index] as number)))
        return {
          relativeSpread: common / rootMeanSquare(weights), codec: codec.spec, believed, bitsPerValue: 8 * bytes / weights.length, rounds: widenings.length,
          relativeError: (error / common) ** 2, plainBitsPerValue: plainBits(weights, error)
        }
      })
    })
  })
}

/** Speeds of a whole exchange, widenings included: what the sender does, and what the receiver does until it has decoded and measured how far the sender lies. */
export function measureReferencedSpeed (spec: string, weights: Float32Array, difference: Float32Array): Omit<CodecSpeed, 'bitsAboveBound'> {
  const codec = createReferencedCodec(spec)
  const reference = weights.map((value, index) => value + (difference[index] as number))
  const spreads = blockSpreads(weights, reference, codec.block)
  const { bytes, sender, message, widenings } = exchange(codec, weights, reference, spreads)
  return {
    codec: codec.spec,
    bitsPerValue: 8 * bytes / weights.length,
    encodeMBps: megabytesPerSecond(weights.length, () => {
      const again = codec.send(weights, spreads, 1)
      again.message()
      for (const { request } of widenings) sender.widening(request)
    }),
    decodeMBps: megabytesPerSecond(weights.length, () => {
      const receiver = codec.decodeAgainst(reference, message)
      for (const { widening } of widenings) {
        receiver.request()
        receiver.widen(widening)
      }
      if (receiver.spreads === undefined) throw new RangeError('the same messages decoded before')
    })
  }
}

/** What `uniform | rans` costs at this root mean square error. */
function plainBits (weights: Float32Array, error: number): number {
  const bits = Math.log2(4.132731354122493 * rootMeanSquare(weights) / (Math.sqrt(12) * error))
  return measureCodec({ name: 'weights', about: '', values: weights }, `uniform(${Math.min(12, Math.max(0.25, bits)).toFixed(3)}) | rans`).bitsPerValue
}

interface Exchange {
  readonly sender: ReferencedSender
  readonly message: Uint8Array
  readonly widenings: ReadonlyArray<{ readonly request: Uint8Array, readonly widening: Uint8Array }>
  /** Of all messages. */
  readonly bytes: number
  readonly decoded: Float32Array
}

function exchange (codec: ReferencedCodec, weights: Float32Array, reference: Float32Array, spreads: Float32Array): Exchange {
  const sender = codec.send(weights, spreads, 1)
  const message = sender.message()
  const receiver = codec.decodeAgainst(reference, message)
  const widenings: Array<{ request: Uint8Array, widening: Uint8Array }> = []
  for (let request = receiver.request(); request !== undefined; request = receiver.request()) {
    const widening = sender.widening(request)
    receiver.widen(widening)
    widenings.push({ request, widening })
  }
  const bytes = widenings.reduce((sum, { request, widening }) => sum + request.length + widening.length, message.length)
  return { sender, message, widenings, bytes, decoded: receiver.decoded ?? new Float32Array(weights.length) }
}

function rootMeanSquare (values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}
