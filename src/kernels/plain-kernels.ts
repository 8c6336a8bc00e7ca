import type { Kernels } from './kernels.ts'
import { causalAttention, causalAttentionGradient } from './plain-attention.ts'
import { gatherHeads, lookup, lookupGradient, rmsNorm, rmsNormGradient, spreadHeads, swiglu, swigluGradient } from './plain-llama.ts'
import { adamw, lion, sgd, squaredNorm } from './plain-vectors.ts'

export type NumericArray = Float32Array | Int32Array

const EPSILON = 1e-5
const GELU_SCALE = Math.sqrt(2 / Math.PI)
const GELU_CUBIC = 0.044715

/** Value at an index that the caller keeps in range. */
function at (array: NumericArray, index: number): number {
  return array[index] ?? NaN
}

function isClass (id: number, classes: number): boolean {
  return id >= 0 && id < classes
}

/**
 * The kernels in plain JavaScript, after their formulas: what the WebAssembly kernels are tested against, and what
 * tfjs' own `cpu` backend trains with.
 */
export const plainKernels: Kernels<NumericArray> = {
  embed (table, positions, ids, out, count, length, width, vocabulary) {
    for (let i = 0; i < count; i++) {
      const id = at(ids, i)
      for (let j = 0; j < width; j++) {
        out[i * width + j] = isClass(id, vocabulary) ? at(table, id * width + j) + at(positions, i % length * width + j) : NaN
      }
    }
  },

  embedGradient (dout, ids, dtable, dpositions, count, length, width, vocabulary) {
    dtable.fill(0)
    dpositions.fill(0)
    for (let i = 0; i < count; i++) {
      const id = at(ids, i)
      for (let j = 0; j < width; j++) {
        const slope = at(dout, i * width + j)
        if (isClass(id, vocabulary)) dtable[id * width + j] = at(dtable, id * width + j) + slope
        dpositions[i % length * width + j] = at(dpositions, i % length * width + j) + slope
      }
    }
  },

  layerNorm (x, gain, bias, y, statistics, rows, width) {
    for (let row = 0; row < rows; row++) {
      const values = x.subarray(row * width, (row + 1) * width)
      let sum = 0
      for (let j = 0; j < width; j++) sum += at(values, j)
      const mean = sum / width
      let squares = 0
      for (let j = 0; j < width; j++) squares += (at(values, j) - mean) ** 2
      const scale = 1 / Math.sqrt(squares / width + EPSILON)
      statistics[2 * row] = mean
      statistics[2 * row + 1] = scale
      for (let j = 0; j < width; j++) y[row * width + j] = (at(values, j) - mean) * scale * at(gain, j) + at(bias, j)
    }
  },

  layerNormGradient (x, gain, dy, statistics, dx, dgain, dbias, rows, width) {
    dgain.fill(0)
    dbias.fill(0)
    for (let row = 0; row < rows; row++) {
      const unit = (j: number): number => (at(x, row * width + j) - at(statistics, 2 * row)) * at(statistics, 2 * row + 1)
      const slope = (j: number): number => at(dy, row * width + j)
      let sum = 0
      let product = 0
      for (let j = 0; j < width; j++) {
        const scaled = slope(j) * at(gain, j)
        sum += scaled
        product += scaled * unit(j)
        dgain[j] = at(dgain, j) + slope(j) * unit(j)
        dbias[j] = at(dbias, j) + slope(j)
      }
      for (let j = 0; j < width; j++) {
        dx[row * width + j] = at(statistics, 2 * row + 1) * (slope(j) * at(gain, j) - sum / width - unit(j) * product / width)
      }
    }
  },

  gelu (x, y, count) {
    for (let i = 0; i < count; i++) {
      const value = at(x, i)
      y[i] = 0.5 * value * (1 + Math.tanh(GELU_SCALE * (value + GELU_CUBIC * value ** 3)))
    }
  },

  geluGradient (x, dy, dx, count) {
    for (let i = 0; i < count; i++) {
      const value = at(x, i)
      const tangent = Math.tanh(GELU_SCALE * (value + GELU_CUBIC * value ** 3))
      const innerSlope = GELU_SCALE * (1 + 3 * GELU_CUBIC * value ** 2)
      dx[i] = at(dy, i) * 0.5 * (1 + tangent + value * (1 - tangent ** 2) * innerSlope)
    }
  },

  causalAttention,
  causalAttentionGradient,

  crossEntropy (logits, targets, probabilities, rows, classes) {
    let total = 0
    for (let row = 0; row < rows; row++) {
      const target = at(targets, row)
      if (!isClass(target, classes)) return NaN
      const values = logits.subarray(row * classes, (row + 1) * classes)
      let shift = -Infinity
      for (let j = 0; j < classes; j++) shift = Math.max(shift, at(values, j))
      let sum = 0
      for (let j = 0; j < classes; j++) sum += Math.exp(at(values, j) - shift)
      for (let j = 0; j < classes; j++) probabilities[row * classes + j] = Math.exp(at(values, j) - shift) / sum
      total += Math.log(sum) + shift - at(values, target)
    }
    return total / rows
  },

  crossEntropyGradient (probabilities, targets, dlogits, rows, classes, factor) {
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < classes; j++) {
        dlogits[row * classes + j] = (at(probabilities, row * classes + j) - (at(targets, row) === j ? 1 : 0)) * factor
      }
    }
  },

  columnSum (x, out, rows, width) {
    out.fill(0)
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < width; j++) out[j] = at(out, j) + at(x, row * width + j)
    }
  },

  lookup,
  lookupGradient,
  rmsNorm,
  rmsNormGradient,
  swiglu,
  swigluGradient,
  spreadHeads,
  gatherHeads,
  squaredNorm,
  adamw,
  sgd,
  lion
}
