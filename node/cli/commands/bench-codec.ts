import { createCodec } from '../../../src/compression/codec.ts'
import { words } from '../../../src/random/words.ts'
import { formatNumber } from '../../terminal/units.ts'
import { action } from '../command.ts'

/** What a codec does to a vector on this machine. */
export interface CodecSpeed {
  readonly codec: string
  readonly bitsPerValue: number
  /** Bits a value above the rate–distortion bound; NaN for lossless codecs. */
  readonly bitsAboveBound: number
  /** Megabytes of fp32 for each second of processor time. */
  readonly encodeMBps: number
  readonly decodeMBps: number
}

/** Long enough to be typical, short enough to fit a cache as fragments do. */
const VALUES = 1 << 20
const VALUES_STREAM = 4002
const ROUNDS = 12
const BYTES_PER_VALUE = 4

/** Worth knowing before choosing one. */
export const STANDARD_SPECS: readonly string[] = [
  'fp32', 'bf16', 'int8(64)', 'int4(64)', 'int4(64) | rans', 'nf4(64)', 'fp4(64)', 'uniform(2) | rans', 'uniform(3) | rans', 'uniform(4) | rans', 'uniform(6) | rans',
  'uniform(8) | rans', 'uniform(4,dithered) | rans', 'int8(64) | rans', 'int4(64,mse) | rans', 'ternary(64) | rans', 'sign(64)', 'rotate(4096) | uniform(4) | rans', 'topk(0.01,4096) | int2(64) | rans',
  'dct(64) | topk(0.125,64) | uniform(4) | rans'
]

/**
 * Encodes and decodes a vector, a million Gaussian values unless given. Processor time, best of several rounds: other programs on the machine then count little.
 *
 * @throws ShoalError CODEC_SPEC
 */
export function measureCodecSpeed (spec: string, values: Float32Array = gaussianValues()): CodecSpeed {
  const codec = createCodec(spec)
  const output = new Uint8Array(codec.maximumBytes(values.length))
  const bytes = codec.encode(values, output, 1)
  const encoding = output.subarray(0, bytes)
  const error = values.slice()
  codec.decodeAccumulate(encoding, -1, error)
  const bitsPerValue = 8 * bytes / values.length
  const noise = squares(error)
  return {
    codec: codec.spec,
    bitsPerValue,
    bitsAboveBound: noise === 0 ? Number.NaN : bitsPerValue - 0.5 * Math.log2(squares(values) / noise),
    encodeMBps: megabytesPerSecond(values.length, () => { codec.encode(values, output, 1) }),
    decodeMBps: megabytesPerSecond(values.length, () => { codec.decodeAccumulate(encoding, 1, error) })
  }
}

export const benchCodec = action<object>(({ arguments: specs, options, output }) => {
  const measured = (specs.length > 0 ? specs : STANDARD_SPECS).map(spec => measureCodecSpeed(spec))
  if (options.json) output.json({ version: 1, values: VALUES, source: 'gaussian', codecs: measured })
  else {
    const width = Math.max(...measured.map(({ codec }) => codec.length))
    output.line(`${'codec'.padEnd(width)}  bits/value  above bound  encode MB/s  decode MB/s`)
    for (const { codec, bitsPerValue, bitsAboveBound, encodeMBps, decodeMBps } of measured) {
      const bound = Number.isNaN(bitsAboveBound) ? '–' : formatNumber(bitsAboveBound, 3)
      output.line(`${codec.padEnd(width)}  ${formatNumber(bitsPerValue, 3).padStart(10)}  ${bound.padStart(11)}  ${formatNumber(encodeMBps, 0).padStart(11)}  ${formatNumber(decodeMBps, 0).padStart(11)}`)
    }
  }
  return Promise.resolve(undefined)
})

/** Of fp32 in the least processor time that any of several rounds took. */
export function megabytesPerSecond (values: number, work: () => void): number {
  let least = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, user + system)
  }
  return values * BYTES_PER_VALUE / Math.max(1, least)
}

function gaussianValues (): Float32Array {
  const source = words(1, VALUES_STREAM)
  return Float32Array.from({ length: VALUES }, () => {
    const radius = Math.sqrt(-2 * Math.log((source.next() + 0.5) / 2 ** 32))
    return radius * Math.cos(2 * Math.PI * source.next() / 2 ** 32)
  })
}

function squares (values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}
