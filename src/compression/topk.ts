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
      const gaps = new Uint32Array(reducedLength(values.length))
      const chosen = new Float32Array(gaps.length)
      let at = 0
      for (let start = 0; start < values.length; start += chunk) {
        let previous = start - 1
        for (const index of largestIndices(values, start, Math.min(start + chunk, values.length), kept(Math.min(chunk, values.length - start)))) {
          gaps[at] = index - previous - 1
          chosen[at++] = values[index] as number
          previous = index
        }
      }
      const high = Uint8Array.from(gaps, gap => gap >>> lowBits)
      return { values: chosen, planes: lowBits > 0 ? [high, Uint8Array.from(gaps, gap => gap & (1 << lowBits) - 1)] : [high] }
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

/** The indices of the `count` largest magnitudes, ascending; among equals the first ones. */
function largestIndices (values: Float32Array, start: number, end: number, count: number): number[] {
  const magnitudes = values.slice(start, end).map(Math.abs)
  const threshold = magnitudes.slice().sort()[magnitudes.length - count] as number
  let spare = count - magnitudes.reduce((above, magnitude) => magnitude > threshold ? above + 1 : above, 0)
  const indices: number[] = []
  for (let index = 0; index < magnitudes.length; index++) {
    const magnitude = magnitudes[index] as number
    if (magnitude < threshold || (magnitude === threshold && spare-- <= 0)) continue
    indices.push(start + index)
  }
  return indices
}
