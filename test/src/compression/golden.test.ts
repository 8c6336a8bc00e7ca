import { describe, expect, it } from 'vitest'
import { checksum } from '../../../src/compression/checksum.ts'
import { createCodec } from '../../../src/compression/codec.ts'
import { createReferencedCodec } from '../../../src/compression/referenced-codec.ts'
import { blockSpreads } from '../../../src/compression/spreads.ts'
import { decoded, encoded } from '../../compliance/codec-compliance.ts'
import { words } from '../../../src/random/words.ts'
import { exchange } from './exchange.ts'

/** Not a whole number of blocks, chunks or batches of anything. */
const LENGTH = 40_007

/**
 * Nearly Gaussian values whose spread changes a thousandfold from stretch to stretch, as tensors do, with some that are zero and some far out; exact
 * sums of 16-bit halves, so that no library's logarithm has a say.
 */
function heterogeneous (seed = 7): Float32Array {
  const source = words(seed, 79)
  return Float32Array.from({ length: LENGTH }, (_, index) => {
    const pairs = [source.next(), source.next(), source.next()]
    const sum = pairs.reduce((total, pair) => total + (pair & 0xffff) + (pair >>> 16) - 65_535, 0)
    const outlier = pairs[0]! % 499 === 0 ? 64 : 1
    return pairs[1]! % 97 === 0 ? 0 : sum * outlier * 2 ** -(16 + Math.floor(index / 1500) % 10)
  })
}

/** Checksums of bytes and of decoded values since version 1. Other values mean another format, which needs another version; other bytes alone an encoder that chooses otherwise. */
const GOLDEN: ReadonlyArray<readonly [string, number, number]> = [
  ['fp16', 2452416313, 3311500703],
  ['int8(64)', 2097956038, 839897643],
  ['int4(64,mse) | rans', 747008698, 2317313832],
  ['int4(32,stochastic) | rans', 3577267240, 2401139006],
  ['int2(64,mse)', 2700529361, 734844480],
  ['ternary(64) | rans', 3165615877, 1108882213],
  ['ternary(32,stochastic)', 1909283313, 23045208],
  ['sign(64)', 3831084134, 1566475016],
  ['sign(4096)', 4018328564, 3729009189],
  ['fp4(64) | rans', 3965662252, 2506661365],
  ['fp4(64,stochastic)', 2047864707, 586394103],
  ['nf4(64)', 992272240, 3464042151],
  ['nf4(32,stochastic) | rans', 1604589309, 214127428],
  ['uniform(2) | rans', 411061474, 1611320520],
  ['uniform(4) | rans', 1943282452, 1853353080],
  ['uniform(8) | rans', 2828254588, 1050539786],
  ['uniform(3,dithered) | rans', 692621912, 3538361758],
  ['topk(0.01,4096) | int2(64) | rans', 3641669613, 3108567099],
  ['topk(0.1,65536) | uniform(4) | rans', 1458454343, 3469572401],
  ['topk(1,64)', 2990112273, 2235574825],
  ['topk(0.3,1024) | sign', 3875550388, 239608760],
  ['randk(0.1)', 3642054509, 3076510447],
  ['rotate(4096) | uniform(4) | rans', 3617284200, 1657152805],
  ['rotate(2048) | int4(64)', 18866763, 2818601472],
  ['rotate(65536)', 583971859, 2236901046],
  ['dct(64) | topk(0.125,64) | sign | rans', 1303612981, 1003270432],
  ['dct(256)', 46862110, 4011913316],
  ['lowrank(2) | uniform(6) | rans', 1915650515, 965120000]
]

describe('codecs keep their bits', () => {
  const values = heterogeneous()
  it.each(GOLDEN)('%s', (spec, bytesSum, valuesSum) => {
    const codec = createCodec(spec)
    const bytes = encoded(codec, values)
    expect(checksum(bytes)).toBe(bytesSum)
    expect(checksum(new Uint8Array(decoded(codec, bytes, LENGTH).buffer))).toBe(valuesSum)
  })
})

/** Of all messages of an exchange, and of what is decoded. The spreads believed are a half and a quarter of the true ones, so that all widenings and repairs are among them. */
const GOLDEN_EXCHANGES: ReadonlyArray<readonly [string, number, number]> = [
  ['modulo(3,64) | rans', 714474861, 3236847877],
  ['modulo(2,128) | rans', 1359674064, 1725185358],
  ['modulo(4,16)', 3211211272, 206258164],
  ['modulo(0,4096) | rans', 2085145691, 1573173999],
  ['modulo(16,256) | rans', 707964276, 3473000729]
]

describe('codecs against a reference keep their bits', () => {
  const own = heterogeneous()
  const apart = heterogeneous(8)
  const reference = own.map((value, index) => value + (apart[index] as number) / 64)
  it.each(GOLDEN_EXCHANGES)('%s', (spec, bytesSum, valuesSum) => {
    const codec = createReferencedCodec(spec)
    const spreads = blockSpreads(own, reference, codec.block).map((spread, index) => spread / (index % 9 === 0 ? 64 : 2))
    const { messages, decoded } = exchange(codec, own, reference, spreads)
    expect(checksum(Uint8Array.from(messages.flatMap(message => [...message])))).toBe(bytesSum)
    expect(checksum(new Uint8Array(decoded.buffer))).toBe(valuesSum)
  })
})
