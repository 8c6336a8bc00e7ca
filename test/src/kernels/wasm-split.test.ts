import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { bestInstructions, webAssembly } from '../../../src/kernels/wasm-binaries.ts'
import type { WasmInstructions } from '../../../src/kernels/wasm-binaries.ts'
import { instantiateKernels } from '../../../src/kernels/wasm-kernels.ts'
import type { WasmExports, WasmKernels } from '../../../src/kernels/wasm-kernels.ts'
import { cut, splitKernels } from '../../../src/kernels/wasm-split.ts'
import type { ThreadTeam } from '../../../src/kernels/wasm-split.ts'
import { fillGaussian } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'

const PAGES = 512
const PAGE_BYTES = 65536
/** Scratch of the threads beyond the first and of the first, whose contents do not matter; then what is compared. */
const SCRATCH = 1 << 21
const ATTENTION_SCRATCH = 2 * SCRATCH
const DATA = 3 * SCRATCH
const VALUES = 1 << 21

it('cuts a range into parts that touch and cover it', () => {
  fc.assert(fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 64 }), (extent, parts, grain) => {
    const ranges = cut(extent, parts, grain)
    expect(ranges.length).toBeLessThanOrEqual(parts)
    expect(ranges.reduce((end, { start, count }) => start === end && start % grain === 0 && count > 0 ? end + count : NaN, 0)).toBe(extent)
  }))
})

const everyVariant: WasmInstructions[] = bestInstructions() === 'relaxed' ? ['simd', 'relaxed'] : ['simd']

const values = new Float32Array(VALUES)
fillGaussian(values.subarray(0, VALUES / 2), words(1, 97), 1)

describe.each(everyVariant)('kernels in parts, %s', instructions => {
  let heap: Float32Array
  let whole: WasmExports
  let split: WasmKernels
  /** Runs the parts backwards, so that none can lean on the one before it. */
  const jobs: number[] = []
  const team: ThreadTeam = {
    size: 3,
    run (kernel, parts) {
      jobs.push(parts.length)
      const runners: Readonly<Record<string, (...arguments_: number[]) => void>> = { ...whole }
      for (const part of [...parts].reverse()) runners[kernel]!(...part)
    }
  }

  beforeAll(async () => {
    const memory = new (webAssembly as unknown as { Memory: new (limits: object) => { buffer: ArrayBuffer } }).Memory({ initial: PAGES })
    heap = new Float32Array(memory.buffer, DATA, VALUES)
    whole = await instantiateKernels({ memory, isShared: false, allocate: () => PAGE_BYTES, free: () => undefined }, instructions)
    split = splitKernels(whole, team, { allocate: () => SCRATCH, free: () => undefined })
  })

  /** Runs both on the same values; all the memory must come out the same. */
  function expectSame (run: (kernels: WasmKernels) => void): void {
    jobs.length = 0
    const results = [whole, split].map(kernels => {
      heap.set(values)
      run(kernels)
      return Buffer.from(heap.slice().buffer)
    })
    expect(results[0]!.equals(results[1]!)).toBe(true)
  }

  const at = (index: number): number => DATA + 4 * index
  const [A, B, C, D] = [at(0), at(1 << 18), at(1 << 20), at(3 << 19)]
  const large = fc.integer({ min: 1, max: 300 })

  it('products of any shape and stride', () => {
    fc.assert(fc.property(large, large, fc.integer({ min: 1, max: 520 }), fc.boolean(), fc.boolean(), fc.boolean(), (m, n, k, tA, tB, hasBias) => {
      expectSame(kernels => {
        kernels.multiply(A, tA ? 1 : k, tA ? m : 1, B, tB ? 1 : n, tB ? k : 1, C, n, m, n, k, hasBias ? at(1 << 19) : 0)
      })
    }), { numRuns: 12 })
    expectSame(kernels => { kernels.multiply(A, 256, 1, B, 100, 1, C, 100, 400, 100, 256, 0) })
    expect(jobs).toEqual([6])
    expectSame(kernels => { kernels.multiply(A, 256, 1, B, 400, 1, C, 400, 100, 400, 256, at(1 << 19)) })
    expect(jobs).toEqual([6])
  })

  it('attention and its gradient', () => {
    const shapes = [[1, 1, 1, 1], [2, 64, 3, 32], [1, 130, 2, 33], [5, 61, 1, 64]] as const
    for (const [batch, length, heads, headWidth] of shapes) {
      expectSame(kernels => {
        const [probabilities, out] = [C, D]
        kernels.causalAttention(A, out, probabilities, batch, length, heads, headWidth)
        kernels.causalAttentionGradient(A, probabilities, B, out, ATTENTION_SCRATCH, batch, length, heads, headWidth)
      })
    }
    expect(jobs).toEqual([5, 5])
  })

  it('everything that goes value by value or row by row', () => {
    const counts = fc.constantFrom(0, 1, 3, 4097, 1 << 14, (1 << 14) + 5, 100_003)
    fc.assert(fc.property(counts, fc.constantFrom(1, 5, 64, 129), (count, width) => {
      const rows = Math.floor(count / width)
      expectSame(kernels => {
        kernels.gelu(A, C, count)
        kernels.geluGradient(A, B, D, count)
      })
      expectSame(kernels => {
        kernels.swiglu(A, C, rows, width)
        kernels.swigluGradient(A, B, D, rows, width)
      })
      expectSame(kernels => {
        kernels.layerNorm(A, B, B, C, at(VALUES - (1 << 18)), rows, width)
        kernels.rmsNorm(A, B, D, at(VALUES - (1 << 18)), rows, width)
      })
      expectSame(kernels => {
        kernels.adamw(A, C, D, B, count, 0.5, 0.9, 0.95, 3e-3, 1.7, 1e-8, 0.999)
        kernels.sgd(A, C, B, count, 0.5, 0.9, 3e-3, 0.999)
        kernels.lion(A, C, B, count, 0.5, 0.9, 0.99, 3e-3, 0.999)
      })
    }), { numRuns: 15 })
  })
})
