import { LARGE_BATCH, codecKernels, eachBatch } from '../codec-kernels/kernels.ts'
import { corrupt } from './header.ts'
import type { Plane, Reducer } from './stage.ts'

/** Upper bits of a gap between two indices; the rest, nearly uniform, travel apart. */
const HIGH_BITS = 8

/**
 * The `fraction` of largest magnitude in each chunk, at least one (SparseLoCo, arXiv 2508.15706: chunks of 4096). Indices travel as the gaps between them,
 * log₂ chunk bits each, or about the entropy of a geometric distribution behind an entropy stage.
 *
 * @param fraction in (0, 1]
 * @param chunk a power of two
 */
export function createTopK (fraction: number, chunk: number): Reducer {
  const indexBits = Math.log2(chunk)
  const lowBits = Math.max(0, indexBits - HIGH_BITS)
  const kept = (size: number): number => size === 0 ? 0 : Math.max(1, Math.round(fraction * size))
  const reducedLength = (length: number): number => Math.floor(length / chunk) * kept(chunk) + kept(length % chunk)
  /** Entropy of a geometric gap with mean 1 / fraction, less the low bits. */
  const expectedBits = Math.max(0.5, Math.min(indexBits, Math.log2(Math.E / fraction)) - lowBits)
  return {
    kind: 'reduce',
    lossless: fraction === 1,
    biased: fraction < 1,
    reducedLength,
    planes (length) {
      const count = reducedLength(length)
      const high: Plane = { bits: indexBits - lowBits, count, expectedBits: Math.min(indexBits - lowBits, expectedBits) }
      return lowBits > 0 ? [high, { bits: lowBits, count }] : [high]
    },
    reduce (values) {
      const chosen = new Float32Array(reducedLength(values.length))
      const high = new Uint8Array(chosen.length)
      const low = new Uint8Array(lowBits > 0 ? chosen.length : 0)
      let to = 0
      eachBatch(values.length, (start, count) => {
        const whole = Math.floor(count / chunk)
        to += keepLargest(values.subarray(start, start + whole * chunk), chunk, kept(chunk), lowBits, { chosen, high, low }, to)
        to += keepLargest(values.subarray(start + whole * chunk, start + count), count % chunk, kept(count % chunk), lowBits, { chosen, high, low }, to)
      }, LARGE_BATCH)
      return { values: chosen, planes: lowBits > 0 ? [high, low] : [high] }
    },
    restore (values, [high, low], length) {
      const restored = new Float32Array(length)
      let at = 0
      for (let start = 0; start < length; start += chunk) {
        const end = Math.min(start + chunk, length)
        let index = start - 1
        for (let rank = kept(end - start); rank > 0; rank--, at++) {
          index += 1 + ((high as Uint8Array)[at] as number) * 2 ** lowBits + (low?.[at] ?? 0)
          if (index >= end) throw corrupt(`an index leaves its chunk at value ${at}`)
          restored[index] = values[at] as number
        }
      }
      return restored
    }
  }
}

interface Selection {
  readonly chosen: Float32Array
  readonly high: Uint8Array
  readonly low: Uint8Array
}

/**
 * The `kept` largest magnitudes of each chunk of `size`, in order; among equals the first ones.
 *
 * @returns how many were written, from `to` on
 */
function keepLargest (values: Float32Array, size: number, kept: number, lowBits: number, { chosen, high, low }: Selection, to: number): number {
  if (values.length === 0) return 0
  const kernels = codecKernels()
  const { at, floats, bytes } = kernels
  floats.set(values, at.large / 4)
  kernels.keepLargest(at.large, values.length / size, size, kept, at.scratch, lowBits, at.planes, at.planes + LARGE_BATCH)
  const count = values.length / size * kept
  chosen.set(floats.subarray(at.large / 4, at.large / 4 + count), to)
  high.set(bytes.subarray(at.planes, at.planes + count), to)
  if (lowBits > 0) low.set(bytes.subarray(at.planes + LARGE_BATCH, at.planes + LARGE_BATCH + count), to)
  return count
}
