import { corrupt, dataViewOf } from './header.ts'
import type { Plane, Quantizer } from './stage.ts'
import { createUniform } from './uniform-quantizer.ts'
import { waterFilling } from './water-filling.ts'

/** A tensor's bits travel in sixteenths, one byte a tensor; below a quarter of a bit, where the uniform quantizer begins, a tensor has none. */
const STEPS_A_BIT = 16
const [FEWEST_STEPS, MOST_STEPS] = [STEPS_A_BIT / 4, 12 * STEPS_A_BIT] as const
/** Vectors that are no tensors, such as a part of a fragment, are cut into bands as long as this: a band's bits and step cost a hundredth of a bit a value. */
const BAND = 4096
/** A quantizer's own step and centroids. */
const MOST_HEAD_BYTES = 8
const [LOW_BITS, ESCAPE_BYTES, ESCAPE_SHARE] = [6, 8, 64] as const

interface Tensor {
  readonly start: number
  readonly size: number
}

/**
 * Each tensor with `uniform(bits)` of its own, the bits by reverse water-filling of the tensors' second moments for an average of `bits`: whatever the tensors' sizes of
 * values, a further bit wins equally much in each. Tensors below the water have no bits and decode to zeros.
 *
 * Planes: bits of each tensor; then, tensor after tensor, steps and centroids, symbols, low bits, and escapes, whose places are counted through the whole vector.
 *
 * @param least bits that every tensor has at least
 * @param shapes of the tensors; the vector is cut into bands where they are not its
 */
export function createAllocation (bits: number, least: number, shapes: ReadonlyArray<readonly number[]>): Quantizer {
  const sizes = shapes.map(shape => shape.reduce((size, side) => size * side, 1))
  return {
    kind: 'quantize',
    lossless: false,
    biased: true,
    planes: length => planesOf(length, tensorsOf(length, sizes).length, bits),
    quantize (values) {
      const tensors = tensorsOf(values.length, sizes)
      const steps = stepsOf(values, tensors, bits, least)
      const planes = tensors.flatMap(({ start, size }, index) => {
        const quantizer = quantizerOf(steps[index] as number)
        if (quantizer === undefined) return []
        const own = quantizer.quantize(values.subarray(start, start + size), 0)
        const [head, symbols] = own as readonly [Uint8Array, Uint8Array]
        return [{ head, symbols, lows: own.length > 3 ? own[2] as Uint8Array : NONE, escapes: moved(own[own.length - 1] as Uint8Array, start) }]
      })
      return [Uint8Array.from(steps), joined(planes.map(({ head }) => head)), joined(planes.map(({ symbols }) => symbols)), joined(planes.map(({ lows }) => lows)), joined(planes.map(({ escapes }) => escapes))]
    },
    dequantize (planes, length) {
      const [steps, heads, symbols, lows, escapes] = planes as readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
      const values = new Float32Array(length)
      const [head, symbol, low] = [takerOf(heads), takerOf(symbols), takerOf(lows)]
      const ofTensor = escapesByTensor(escapes, tensorsOf(length, sizes))
      tensorsOf(length, sizes).forEach(({ start, size }, index) => {
        const quantizer = quantizerOf(steps[index] as number)
        if (quantizer === undefined) return
        const shape = quantizer.planes(size)
        const own = [head(shape[0]?.count ?? 0), symbol(size), ...shape.length > 3 ? [low(size)] : [], ofTensor(index)]
        values.set(quantizer.dequantize(own, size, 0), start)
      })
      for (const [name, taker] of [['steps', head], ['symbols', symbol], ['low bits', low]] as const) if (!taker.isDone()) throw corrupt(`there are more ${name} than its tensors have`)
      return values
    }
  }
}

const NONE = new Uint8Array(0)

function planesOf (length: number, tensors: number, bits: number): readonly Plane[] {
  return [
    { bits: 8, count: tensors },
    { bits: 8, count: MOST_HEAD_BYTES * tensors, isVariable: true },
    { bits: 8, count: length, isVariable: true, expectedBits: Math.min(8, Math.max(0.3, bits + 0.02)) },
    { bits: LOW_BITS, count: length, isVariable: true, expectedBits: Math.max(0.01, bits - LOW_BITS), packedBits: Math.max(0.01, Math.ceil(bits) - LOW_BITS) },
    { bits: 8, count: ESCAPE_BYTES * (Math.ceil(length / ESCAPE_SHARE) + tensors), isVariable: true, expectedBits: 0.01, packedBits: 0.01 }
  ]
}

/** The tensors, where they make up the vector, or else bands of it. */
function tensorsOf (length: number, sizes: readonly number[]): readonly Tensor[] {
  const isWhole = sizes.length > 0 && sizes.reduce((sum, size) => sum + size, 0) === length
  const each = isWhole ? sizes : Array.from({ length: Math.ceil(length / BAND) }, (_, band) => Math.min(BAND, length - band * BAND))
  let start = 0
  return each.map(size => {
    start += size
    return { start: start - size, size }
  })
}

/** Sixteenths of bits for each tensor. */
function stepsOf (values: Float32Array, tensors: readonly Tensor[], bits: number, least: number): readonly number[] {
  const moments = tensors.map(({ start, size }) => {
    let squares = 0
    for (let index = start; index < start + size; index++) squares += (values[index] as number) ** 2
    return { size, secondMoment: squares / Math.max(1, size) }
  })
  return waterFilling(moments, bits * values.length, least).map(rate => {
    const steps = Math.round(STEPS_A_BIT * rate)
    return steps < FEWEST_STEPS ? 0 : Math.min(MOST_STEPS, steps)
  })
}

/** Undefined for a tensor without bits. @throws ShoalError CODEC_CORRUPT */
function quantizerOf (steps: number): Quantizer | undefined {
  if (steps === 0) return undefined
  if (steps < FEWEST_STEPS || steps > MOST_STEPS) throw corrupt(`a tensor claims ${steps / STEPS_A_BIT} bits a value`)
  return createUniform(steps / STEPS_A_BIT, 'nearest')
}

function joined (rows: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(rows.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const row of rows) {
    all.set(row, at)
    at += row.length
  }
  return all
}

/** Hands a plane out, row by row. */
function takerOf (plane: Uint8Array): ((count: number) => Uint8Array) & { isDone (): boolean } {
  let at = 0
  const take = (count: number): Uint8Array => {
    if (count > plane.length - at) throw corrupt('its tensors have more symbols than it holds')
    at += count
    return plane.subarray(at - count, at)
  }
  return Object.assign(take, { isDone: () => at === plane.length })
}

/** Escapes with their places counted from `start` on. */
function moved (escapes: Uint8Array, start: number): Uint8Array {
  const view = dataViewOf(escapes)
  for (let at = 0; at < escapes.length; at += ESCAPE_BYTES) view.setUint32(at, view.getUint32(at, true) + start, true)
  return escapes
}

/** Escapes come in the order of their places, so each tensor's lie together. @throws ShoalError CODEC_CORRUPT where they do not */
function escapesByTensor (escapes: Uint8Array, tensors: readonly Tensor[]): (tensor: number) => Uint8Array {
  if (escapes.length % ESCAPE_BYTES !== 0) throw corrupt('a value beyond the range is cut short')
  const own = escapes.slice()
  const view = dataViewOf(own)
  let [at, tensor] = [0, 0]
  const rows = tensors.map(() => NONE)
  while (at < own.length) {
    const first = at
    const { start, size } = tensors[tensor] ?? { start: Infinity, size: 0 }
    while (at < own.length && view.getUint32(at, true) >= start && view.getUint32(at, true) < start + size) {
      view.setUint32(at, view.getUint32(at, true) - start, true)
      at += ESCAPE_BYTES
    }
    rows[tensor] = own.subarray(first, at)
    tensor++
    if (tensor > tensors.length) throw corrupt('a value beyond the range lies in no tensor')
  }
  return index => rows[index] ?? NONE
}
