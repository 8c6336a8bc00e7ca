import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/checkpoint/checkpoint.ts'
import type { Checkpoint } from '../../../src/checkpoint/checkpoint.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import type { TensorFile } from '../../../src/checkpoint/safetensors.ts'
import { createLayout } from '../../../src/parameters/layout.ts'
import { joinBytes } from './support.ts'

const layout = createLayout([{ name: 'embed', shape: [3, 2] }, { name: 'head.bias', shape: [4] }])
const vectorNames = ['weights', 'slow', 'momentum', 'adamFirst', 'adamSecond'] as const

function checkpointOf (values: readonly Float32Array[], step = 7): Checkpoint {
  const [weights, slow, momentum, adamFirst, adamSecond] = values as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  return { runId: 'run', peerId: 'peer', step, round: 2, tokens: 2 ** 40, kernelVariant: 'wasm-simd', samplingSeed: 0xffff_ffff, syncedStep: 5, counters: { rounds: 2, tokens: 0.5 }, weights, slow, momentum, adamFirst, adamSecond }
}

const counting = (): Checkpoint => checkpointOf(vectorNames.map((_, index) => Float32Array.from({ length: layout.size }, (_, at) => index * 100 + at)))

/** The file's content as a writer takes it. */
function unsealed (bytes: Uint8Array): TensorFile {
  const { metadata, tensors } = decodeSafetensors(bytes)
  return { metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== 'sha256')), tensors }
}

describe('a checkpoint', () => {
  test('comes back bit for bit', () => {
    const vector = fc.float32Array({ minLength: layout.size, maxLength: layout.size })
    fc.assert(fc.property(fc.array(vector, { minLength: 5, maxLength: 5 }), fc.nat(), (values, step) => {
      const before = checkpointOf(values, step)
      const after = decodeCheckpoint(joinBytes(encodeCheckpoint(before, layout)), layout)
      for (const name of vectorNames) expect(new Uint32Array(after[name].buffer)).toEqual(new Uint32Array(before[name].slice().buffer))
      expect({ ...after, weights: 0, slow: 0, momentum: 0, adamFirst: 0, adamSecond: 0 }).toEqual({ ...before, weights: 0, slow: 0, momentum: 0, adamFirst: 0, adamSecond: 0 })
    }), { numRuns: 50 })
  })

  test('brings back the held-out loss where there is one, to the last bit', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), heldOutLoss => {
      const { heldOutLoss: found } = decodeCheckpoint(joinBytes(encodeCheckpoint({ ...counting(), heldOutLoss }, layout)), layout)
      expect(found).toBe(heldOutLoss === 0 ? 0 : heldOutLoss)
    }), { numRuns: 50 })
    expect('heldOutLoss' in decodeCheckpoint(joinBytes(encodeCheckpoint(counting(), layout)), layout)).toBe(false)
  })

  test('of a method without momentum comes back without', () => {
    const bytes = joinBytes(encodeCheckpoint({ ...counting(), momentum: new Float32Array() }, layout))
    expect(decodeCheckpoint(bytes, layout).momentum).toHaveLength(0)
  })

  test('names the model\'s tensors so that other tools find them', () => {
    const file = decodeSafetensors(joinBytes(encodeCheckpoint(counting(), layout)))
    expect(file.tensors.map(tensor => [tensor.name, tensor.shape])).toEqual([
      ['model.embed', [3, 2]], ['model.head.bias', [4]], ['slow', [10]], ['momentum', [10]], ['adam.first', [10]], ['adam.second', [10]]
    ])
  })

  test('the platform\'s SHA-256 seals it the same', () => {
    const platform = (chunks: Iterable<Uint8Array>): Uint8Array => {
      const hash = createHash('sha256')
      for (const chunk of chunks) hash.update(chunk)
      return hash.digest()
    }
    expect(joinBytes(encodeCheckpoint(counting(), layout, platform))).toEqual(joinBytes(encodeCheckpoint(counting(), layout)))
    expect(decodeCheckpoint(joinBytes(encodeCheckpoint(counting(), layout)), layout, platform).step).toBe(7)
  })

  test('does not see later changes of a decoded file\'s bytes', () => {
    const bytes = joinBytes(encodeCheckpoint(counting(), layout))
    const decoded = decodeCheckpoint(bytes, layout)
    bytes.fill(0)
    expect(decoded.weights[1]).toBe(1)
  })

  test('read into a Buffer, as files are, leaves the Buffer as it is', () => {
    const whole = joinBytes(encodeCheckpoint(counting(), layout))
    // An odd offset in a shared pool, as small files get.
    const pool = Buffer.alloc(whole.length + 3)
    pool.set(whole, 3)
    const buffer = pool.subarray(3)
    expect(decodeCheckpoint(buffer, layout)).toEqual(counting())
    expect(Buffer.compare(buffer, Buffer.from(whole))).toBe(0)
    expect(decodeCheckpoint(buffer, layout)).toEqual(counting())
  })

  test('of another model or format is refused as such, not as corrupt', () => {
    const bytes = joinBytes(encodeCheckpoint(counting(), layout))
    const other = createLayout([{ name: 'embed', shape: [2, 3] }, { name: 'head.bias', shape: [4] }])
    expect(() => decodeCheckpoint(bytes, other)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE' }))
    const { metadata, tensors } = unsealed(bytes)
    const newer = joinBytes(encodeSafetensors({ metadata: { ...metadata, format: 'shoal-checkpoint/2' }, tensors }))
    expect(() => decodeCheckpoint(newer, layout)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE' }))
  })

  test('with any byte changed is corrupt', () => {
    const whole = joinBytes(encodeCheckpoint(counting(), layout))
    for (let at = 0; at < whole.length; at++) {
      const flipped = whole.slice()
      flipped[at]! ^= 1 << at % 8
      expect(() => decodeCheckpoint(flipped, layout), `byte ${at}`).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }))
    }
  })

  test('with tensors or metadata missing is corrupt', () => {
    const { metadata, tensors } = unsealed(joinBytes(encodeCheckpoint(counting(), layout)))
    const without = (change: Parameters<typeof encodeSafetensors>[0]): Uint8Array => joinBytes(encodeSafetensors(change))
    expect(() => decodeCheckpoint(without({ metadata, tensors: tensors.slice(1) }), layout)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }))
    expect(() => decodeCheckpoint(without({ metadata: { ...metadata, step: '-1' }, tensors }), layout)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }))
    expect(() => decodeCheckpoint(without({ metadata: {}, tensors }), layout)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }))
  })

  test('whose vectors do not fit is never written', () => {
    expect(() => encodeCheckpoint({ ...counting(), weights: new Float32Array(9) }, layout)).toThrow(RangeError)
    expect(() => encodeCheckpoint({ ...counting(), slow: new Float32Array(9) }, layout)).toThrow(RangeError)
  })
})
