import { ShoalError } from '../errors.ts'
import type { ParameterLayout, TensorSlot } from '../parameters/layout.ts'
import { cut } from './arithmetic/vectors.ts'

/** A contiguous piece of the flat vector. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** One of the F pieces in which a replica is synced. Each parameter is in exactly one. */
export interface Fragment {
  readonly index: number
  /** In the order of the flat vector; none of them touch. */
  readonly ranges: readonly Range[]
  /** Number of values. */
  readonly length: number
  /** Shapes of the tensors, or of the rows of them, that it consists of: what matrix codecs need. */
  readonly shapes: ReadonlyArray<readonly number[]>
}

export type FragmentPattern = 'strided' | 'sequential'

/** What is never divided: rows along a tensor's last dimension. */
interface Rows {
  readonly start: number
  readonly width: number
  readonly count: number
  readonly shape: readonly number[]
}

const LAYER = /^layer\.(\d+)\./
/** Where layers differ by more (perceptrons, convolutions) the fragment with the largest would set the peak traffic alone. */
const LARGEST_RATIO = 1.5

/**
 * Cuts a layout into fragments of about equal bytes. Layers stay whole: in the `strided` pattern fragment p holds layers p, p+F, p+2F …, which Streaming DiLoCo
 * (arXiv 2501.18512) found mildly better than `sequential`, L/F neighbours each. Embeddings, head and final norms are divided by rows to fill up whichever
 * fragments have least. Where there are fewer layers than fragments, or they differ too much in size, everything is divided by rows.
 *
 * @param count F, from 1
 * @throws ShoalError METHOD_UNSUPPORTED when there are more fragments than can be cut
 */
export function planFragments (layout: ParameterLayout, count: number, pattern: FragmentPattern = 'strided'): readonly Fragment[] {
  const layers = layersOf(layout)
  const rows = layout.slots.map(rowsOf)
  const dealt = dealLayers(layers, count, pattern)
  const sizes = layers.map(slots => sizeOf(slots.map(rowsOf)))
  const isLayered = layers.length >= count && Math.max(...sizes) <= LARGEST_RATIO * Math.min(...sizes)
  const pieces = isLayered ? dealt : dealt.map(() => [])
  fillUp(pieces, isLayered ? layout.slots.filter(slot => !LAYER.test(slot.name)).map(rowsOf) : rows)
  if (pieces.some(piece => piece.length === 0)) throw tooMany(count, layers.length, rows.reduce((sum, tensor) => sum + tensor.count, 0))
  return pieces.map(fragmentOf)
}

function dealLayers (layers: readonly TensorSlot[][], count: number, pattern: FragmentPattern): Rows[][] {
  const pieces: Rows[][] = Array.from({ length: count }, () => [])
  layers.forEach((slots, layer) => {
    const to = pattern === 'strided' ? layer % count : Math.floor(layer * count / layers.length)
    pieces[to]?.push(...slots.map(rowsOf))
  })
  return pieces
}

/** Copies a fragment's values out of the flat vector. */
export function gather (vector: Float32Array, fragment: Fragment, values: Float32Array = new Float32Array(fragment.length)): Float32Array {
  let at = 0
  for (const { start, end } of fragment.ranges) {
    values.set(cut(vector, start, end), at)
    at += end - start
  }
  return values
}

/** A fragment's values as they are and will be, to be read alone; a copy where they lie in several places. */
export function view (vector: Float32Array, fragment: Fragment): Float32Array {
  const [only] = fragment.ranges
  return fragment.ranges.length === 1 && only !== undefined ? cut(vector, only.start, only.end) : gather(vector, fragment)
}

/** Copies a fragment's values into the flat vector. */
export function scatter (values: Float32Array, fragment: Fragment, vector: Float32Array): void {
  let at = 0
  for (const { start, end } of fragment.ranges) {
    vector.set(cut(values, at, at + end - start), start)
    at += end - start
  }
}

/** The tensors of each layer, by layer. */
function layersOf ({ slots }: ParameterLayout): TensorSlot[][] {
  const byLayer = new Map<number, TensorSlot[]>()
  for (const slot of slots) {
    const layer = LAYER.exec(slot.name)?.[1]
    if (layer === undefined) continue
    const tensors = byLayer.get(Number(layer)) ?? []
    tensors.push(slot)
    byLayer.set(Number(layer), tensors)
  }
  return [...byLayer.entries()].sort(([one], [other]) => one - other).map(([, tensors]) => tensors)
}

function rowsOf ({ offset, size, shape }: TensorSlot): Rows {
  const width = shape.at(-1) ?? 1
  // A vector has values for rows; kept whole it would weigh more than it is worth in small models.
  return shape.length > 1 ? { start: offset, width, count: size / width, shape } : { start: offset, width: 1, count: size, shape }
}

const sizeOf = (rows: readonly Rows[]): number => rows.reduce((sum, { width, count }) => sum + width * count, 0)

/** Divides `rest`, in order, so that all pieces come as close to one level as rows allow. */
function fillUp (pieces: Rows[][], rest: readonly Rows[]): void {
  const loads = pieces.map(sizeOf)
  const level = waterLevel(loads, sizeOf(rest))
  const waiting = [...rest]
  let owed = 0
  pieces.forEach((piece, index) => {
    owed += Math.max(0, level - (loads[index] as number))
    owed -= index === pieces.length - 1 ? takeValues(piece, waiting, Infinity) : takeValues(piece, waiting, owed)
  })
}

/** Moves rows of about `values` values from the front of `waiting` to `piece`, and says how many those were. */
function takeValues (piece: Rows[], waiting: Rows[], values: number): number {
  let taken = 0
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    const rows = Math.min(next.count, Math.round((values - taken) / next.width))
    if (rows <= 0) break
    taken += rows * next.width
    piece.push({ ...next, count: rows })
    if (rows === next.count) waiting.shift()
    else waiting[0] = { ...next, start: next.start + rows * next.width, count: next.count - rows }
  }
  return taken
}

/** The level that `volume` reaches when it is poured over grounds of these heights. */
function waterLevel (grounds: readonly number[], volume: number): number {
  const sorted = [...grounds].sort((one, other) => one - other)
  let sum = volume
  for (const [index, ground] of sorted.entries()) {
    sum += ground
    const level = sum / (index + 1)
    if (level <= (sorted[index + 1] ?? Infinity)) return level
  }
  return 0
}

function fragmentOf (rows: readonly Rows[], index: number): Fragment {
  const sorted = [...rows].sort((one, other) => one.start - other.start)
  const ranges: Range[] = []
  for (const { start, width, count } of sorted) {
    const last = ranges.at(-1)
    if (last?.end === start) ranges[ranges.length - 1] = { start: last.start, end: start + width * count }
    else ranges.push({ start, end: start + width * count })
  }
  return { index, ranges, length: sizeOf(rows), shapes: sorted.map(shapeOf) }
}

function shapeOf ({ shape, width, count }: Rows): readonly number[] {
  if (shape.length < 2) return [count]
  const isWhole = shape.reduce((product, dimension) => product * dimension, 1) === width * count
  return isWhole ? shape : [count, width]
}

function tooMany (count: number, layers: number, rows: number): ShoalError {
  return new ShoalError({
    code: 'METHOD_UNSUPPORTED',
    what: `The model cannot be cut into ${count} fragments`,
    why: `it has ${layers} layers and ${rows} rows of values, and a fragment needs a layer or, where there are fewer layers than fragments, a row`,
    tryThis: layers > 1 ? `Use at most ${layers} fragments.` : 'Use fewer fragments.'
  })
}
