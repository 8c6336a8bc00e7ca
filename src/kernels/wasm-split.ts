import type { BorrowedMemory, WasmExports, WasmKernels } from './wasm-kernels.ts'

/** Kernels of which threads run parts; a call names its kernel by its place in this list. */
export const SPLIT_KERNELS = [
  'multiply', 'attendHeads', 'attendHeadsGradient', 'gelu', 'geluGradient', 'swiglu', 'swigluGradient', 'layerNorm', 'rmsNorm',
  'adamw', 'sgd', 'lion'
] as const satisfies ReadonlyArray<keyof WasmExports>

export type SplitKernel = typeof SPLIT_KERNELS[number]

/** The arguments of one part of a kernel's work. */
export type Part = readonly number[]

/** Threads that compute on the same memory, the calling one among them. */
export interface ThreadTeam {
  readonly size: number
  /** Runs all parts, in any order and at the same time; returns when all are done. At most `PARTS_A_THREAD` · size. */
  run (kernel: SplitKernel, parts: readonly Part[]): void
}

/** Two parts for each thread, so that a thread that has to share its core does not hold up the others for long. */
export const PARTS_A_THREAD = 2

/** Multiplications of a product below which waking a thread costs more than it saves: some forty microseconds' work. */
const SMALLEST_PRODUCT = 1 << 20
/** Values below which the same holds for kernels that go through values one by one. */
const SMALLEST_RANGE = 1 << 14
/** Columns of a part of a product: whole tiles. */
const COLUMN_GRAIN = 8
/** Values of a part of a range: whole vectors. */
const VALUE_GRAIN = 4
const BYTES = Float32Array.BYTES_PER_ELEMENT

interface Range {
  readonly start: number
  readonly count: number
}

/** Cuts 0 … extent into at most `parts` ranges whose starts are multiples of `grain`. */
export function cut (extent: number, parts: number, grain: number): Range[] {
  const size = Math.max(grain, Math.ceil(extent / parts / grain) * grain)
  return Array.from({ length: Math.ceil(extent / size) }, (_, index) => ({ start: index * size, count: Math.min(size, extent - index * size) }))
}

/**
 * Spreads the kernels that take the time over threads. Every value of a result is computed by one thread with the same
 * operations as if there were no other, so the bits are those of one thread. Kernels that sum over rows stay whole.
 */
export function splitKernels (kernels: WasmExports, team: ThreadTeam, memory: Pick<BorrowedMemory, 'allocate' | 'free'>): WasmKernels {
  const most = team.size * PARTS_A_THREAD
  const elementwise = (kernel: SplitKernel, count: number, part: (at: number, count: number) => Part): void => {
    const ranges = cut(count, count < SMALLEST_RANGE ? 1 : most, VALUE_GRAIN)
    team.run(kernel, ranges.map(range => part(range.start * BYTES, range.count)))
  }
  const rowwise = (kernel: SplitKernel, rows: number, values: number, part: (row: number, rows: number) => Part): void => {
    const ranges = cut(rows, values < SMALLEST_RANGE ? 1 : most, 1)
    team.run(kernel, ranges.map(range => part(range.start, range.count)))
  }
  return {
    ...kernels,
    ...splitProducts(kernels, team, most, memory),
    gelu: (x, y, count) => { elementwise('gelu', count, (at, part) => [x + at, y + at, part]) },
    geluGradient: (x, dy, dx, count) => { elementwise('geluGradient', count, (at, part) => [x + at, dy + at, dx + at, part]) },
    swiglu: (x, y, rows, hidden) => {
      const line = hidden * BYTES
      rowwise('swiglu', rows, rows * hidden, (row, count) => [x + 2 * row * line, y + row * line, count, hidden])
    },
    swigluGradient: (x, dy, dx, rows, hidden) => {
      const line = hidden * BYTES
      rowwise('swigluGradient', rows, rows * hidden, (row, count) => [x + 2 * row * line, dy + row * line, dx + 2 * row * line, count, hidden])
    },
    layerNorm: (x, gain, bias, y, statistics, rows, width) => {
      const line = width * BYTES
      rowwise('layerNorm', rows, rows * width, (row, count) => [x + row * line, gain, bias, y + row * line, statistics + 2 * row * BYTES, count, width])
    },
    rmsNorm: (x, gain, y, statistics, rows, width) => {
      const line = width * BYTES
      rowwise('rmsNorm', rows, rows * width, (row, count) => [x + row * line, gain, y + row * line, statistics + row * BYTES, count, width])
    },
    adamw: (weights, first, second, gradient, count, ...scalars) => {
      elementwise('adamw', count, (at, part) => [weights + at, first + at, second + at, gradient + at, part, ...scalars])
    },
    sgd: (weights, first, gradient, count, ...scalars) => {
      elementwise('sgd', count, (at, part) => [weights + at, first + at, gradient + at, part, ...scalars])
    },
    lion: (weights, first, gradient, count, ...scalars) => {
      elementwise('lion', count, (at, part) => [weights + at, first + at, gradient + at, part, ...scalars])
    }
  }
}

type Products = Pick<WasmKernels, 'multiply' | 'causalAttention' | 'causalAttentionGradient'>

function splitProducts (kernels: WasmExports, team: ThreadTeam, most: number, memory: Pick<BorrowedMemory, 'allocate' | 'free'>): Products {
  const scratchOf = growingScratch(memory)
  return {
    multiply (a, aRowStride, aColumnStride, b, bRowStride, bColumnStride, c, cRowStride, rows, columns, depth, bias) {
      if (rows * columns * depth < SMALLEST_PRODUCT) {
        kernels.multiply(a, aRowStride, aColumnStride, b, bRowStride, bColumnStride, c, cRowStride, rows, columns, depth, bias)
      } else if (rows >= columns) {
        // Each part packs all of the other operand again, so the longer side is cut.
        team.run('multiply', cut(rows, most, kernels.tileRows()).map(({ start, count }) => [
          a + BYTES * start * aRowStride, aRowStride, aColumnStride, b, bRowStride, bColumnStride,
          c + BYTES * start * cRowStride, cRowStride, count, columns, depth, bias
        ]))
      } else {
        team.run('multiply', cut(columns, most, COLUMN_GRAIN).map(({ start, count }) => [
          a, aRowStride, aColumnStride, b + BYTES * start * bColumnStride, bRowStride, bColumnStride,
          c + BYTES * start, cRowStride, rows, count, depth, bias === 0 ? 0 : bias + BYTES * start
        ]))
      }
    },
    causalAttention (qkv, out, probabilities, batch, length, heads, headWidth) {
      const parts = batch * heads * length * length * headWidth < SMALLEST_PRODUCT ? 1 : most
      team.run('attendHeads', cut(batch * heads, parts, 1).map(({ start, count }) => [
        qkv, out, probabilities, start, start + count, length, heads, headWidth
      ]))
    },
    causalAttentionGradient (qkv, probabilities, dout, dqkv, scratch, batch, length, heads, headWidth) {
      const ranges = cut(batch * heads, batch * heads * length * length * headWidth < SMALLEST_PRODUCT ? 1 : most, 1)
      const square = BYTES * length * length
      // The first part takes the scratch that was given, the others one of their own.
      const more = ranges.length > 1 ? scratchOf((ranges.length - 1) * square) : 0
      team.run('attendHeadsGradient', ranges.map(({ start, count }, index) => [
        qkv, probabilities, dout, dqkv, index === 0 ? scratch : more + (index - 1) * square, start, start + count, length, heads, headWidth
      ]))
    }
  }
}

/** Scratch that is kept, and replaced when more is asked for. */
function growingScratch ({ allocate, free }: Pick<BorrowedMemory, 'allocate' | 'free'>): (bytes: number) => number {
  let [address, size] = [0, 0]
  return bytes => {
    if (bytes > size) {
      if (size > 0) free(address)
      address = allocate(bytes)
      size = bytes
    }
    return address
  }
}
