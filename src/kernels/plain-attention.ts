import type { Kernels } from './kernels.ts'

type NumericArray = Float32Array | Int32Array
type Attention = Kernels<NumericArray>

/** One head of one sequence: where its vectors begin, and its matrix of probabilities. */
interface Head {
  readonly query: number
  readonly key: number
  readonly value: number
  readonly result: number
  readonly probabilities: number
}

function * headsOf (batch: number, length: number, heads: number, headWidth: number): Generator<Head> {
  const width = heads * headWidth
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let head = 0; head < heads; head++) {
      const query = sequence * length * 3 * width + head * headWidth
      const result = sequence * length * width + head * headWidth
      yield { query, key: query + width, value: query + 2 * width, result, probabilities: (sequence * heads + head) * length * length }
    }
  }
}

/** Σ a[i]·b[i] over `count` values from two places. */
function dot (a: NumericArray, aStart: number, b: NumericArray, bStart: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += (a[aStart + i] ?? NaN) * (b[bStart + i] ?? NaN)
  return sum
}

/** to[i] += factor · from[i] over `count` values of two places. */
function addScaled (to: NumericArray, toStart: number, from: NumericArray, fromStart: number, count: number, factor: number): void {
  for (let i = 0; i < count; i++) to[toStart + i] = (to[toStart + i] ?? NaN) + factor * (from[fromStart + i] ?? NaN)
}

function softmax (scores: readonly number[]): number[] {
  const shift = Math.max(...scores)
  const powers = scores.map(score => Math.exp(score - shift))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map(power => power / sum)
}

export const causalAttention: Attention['causalAttention'] = (qkv, out, probabilities, batch, length, heads, headWidth) => {
  const width = heads * headWidth
  const row = 3 * width
  out.fill(0)
  probabilities.fill(0)
  for (const head of headsOf(batch, length, heads, headWidth)) {
    for (let i = 0; i < length; i++) {
      const scores = Array.from({ length: i + 1 }, (_, j) => dot(qkv, head.query + i * row, qkv, head.key + j * row, headWidth) / Math.sqrt(headWidth))
      softmax(scores).forEach((probability, j) => {
        probabilities[head.probabilities + i * length + j] = probability
        addScaled(out, head.result + i * width, qkv, head.value + j * row, headWidth, probability)
      })
    }
  }
}

export const causalAttentionGradient: Attention['causalAttentionGradient'] = (qkv, probabilities, dout, dqkv, _scratch, batch, length, heads, headWidth) => {
  const width = heads * headWidth
  const row = 3 * width
  dqkv.fill(0)
  for (const head of headsOf(batch, length, heads, headWidth)) {
    for (let i = 0; i < length; i++) {
      const slope = head.result + i * width
      const p = probabilities.subarray(head.probabilities + i * length, head.probabilities + i * length + i + 1)
      const dp = Float64Array.from(p, (_, j) => dot(dout, slope, qkv, head.value + j * row, headWidth))
      const mean = dp.reduce((sum, d, j) => sum + d * (p[j] ?? 0), 0)
      p.forEach((probability, j) => {
        const ds = probability * ((dp[j] ?? 0) - mean) / Math.sqrt(headWidth)
        addScaled(dqkv, head.value + j * row, dout, slope, headWidth, probability)
        addScaled(dqkv, head.query + i * row, qkv, head.key + j * row, headWidth, ds)
        addScaled(dqkv, head.key + j * row, qkv, head.query + i * row, headWidth, ds)
      })
    }
  }
}
