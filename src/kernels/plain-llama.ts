import type { Kernels } from './kernels.ts'

type NumericArray = Float32Array | Int32Array
type Plain = Kernels<NumericArray>

const EPSILON = 1e-5

function at (array: NumericArray, index: number): number {
  return array[index] ?? NaN
}

export const lookup: Plain['lookup'] = (table, ids, out, count, width, vocabulary) => {
  for (let i = 0; i < count; i++) {
    const id = at(ids, i)
    for (let j = 0; j < width; j++) out[i * width + j] = id >= 0 && id < vocabulary ? at(table, id * width + j) : NaN
  }
}

export const lookupGradient: Plain['lookupGradient'] = (dout, ids, dtable, count, width, vocabulary) => {
  dtable.fill(0)
  for (let i = 0; i < count; i++) {
    const id = at(ids, i)
    if (id < 0 || id >= vocabulary) continue
    for (let j = 0; j < width; j++) dtable[id * width + j] = at(dtable, id * width + j) + at(dout, i * width + j)
  }
}

export const rmsNorm: Plain['rmsNorm'] = (x, gain, y, statistics, rows, width) => {
  for (let row = 0; row < rows; row++) {
    let squares = 0
    for (let j = 0; j < width; j++) squares += at(x, row * width + j) ** 2
    const scale = 1 / Math.sqrt(squares / width + EPSILON)
    statistics[row] = scale
    for (let j = 0; j < width; j++) y[row * width + j] = at(x, row * width + j) * scale * at(gain, j)
  }
}

export const rmsNormGradient: Plain['rmsNormGradient'] = (x, gain, dy, statistics, dx, dgain, rows, width) => {
  dgain.fill(0)
  for (let row = 0; row < rows; row++) {
    const unit = (j: number): number => at(x, row * width + j) * at(statistics, row)
    const slope = (j: number): number => at(dy, row * width + j)
    let product = 0
    for (let j = 0; j < width; j++) {
      product += slope(j) * at(gain, j) * unit(j)
      dgain[j] = at(dgain, j) + slope(j) * unit(j)
    }
    for (let j = 0; j < width; j++) dx[row * width + j] = at(statistics, row) * (slope(j) * at(gain, j) - unit(j) * product / width)
  }
}

function sigmoid (x: number): number {
  return 1 / (1 + Math.exp(-x))
}

export const swiglu: Plain['swiglu'] = (x, y, rows, hidden) => {
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < hidden; j++) {
      const gate = at(x, 2 * row * hidden + j)
      y[row * hidden + j] = gate * sigmoid(gate) * at(x, (2 * row + 1) * hidden + j)
    }
  }
}

export const swigluGradient: Plain['swigluGradient'] = (x, dy, dx, rows, hidden) => {
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < hidden; j++) {
      const [gatePlace, upPlace] = [2 * row * hidden + j, (2 * row + 1) * hidden + j]
      const gate = at(x, gatePlace)
      const slope = at(dy, row * hidden + j)
      const open = sigmoid(gate)
      dx[gatePlace] = slope * at(x, upPlace) * open * (1 + gate * (1 - open))
      dx[upPlace] = slope * gate * open
    }
  }
}

/** One vector's way through `spreadHeads`: from where to where, and whether it turns. */
interface Passage {
  readonly grouped: number
  readonly spread: number
  /** Where the row of angles begins; undefined for values, which do not turn. */
  readonly angles: number | undefined
}

function * passages (count: number, length: number, heads: number, groups: number, headWidth: number): Generator<Passage> {
  for (let token = 0; token < count; token++) {
    const [from, to, angles] = [token * (heads + 2 * groups), token * 3 * heads, token % length * headWidth]
    for (let head = 0; head < heads; head++) {
      const group = heads + Math.floor(head * groups / heads)
      yield { grouped: (from + head) * headWidth, spread: (to + head) * headWidth, angles }
      yield { grouped: (from + group) * headWidth, spread: (to + heads + head) * headWidth, angles }
      yield { grouped: (from + group + groups) * headWidth, spread: (to + 2 * heads + head) * headWidth, angles: undefined }
    }
  }
}

function addTurned (from: NumericArray, fromStart: number, to: NumericArray, toStart: number, half: number, turn: (i: number) => readonly [number, number]): void {
  for (let i = 0; i < half; i++) {
    const [cosine, sine] = turn(i)
    const [first, second] = [at(from, fromStart + i), at(from, fromStart + half + i)]
    to[toStart + i] = at(to, toStart + i) + first * cosine - second * sine
    to[toStart + half + i] = at(to, toStart + half + i) + second * cosine + first * sine
  }
}

export const spreadHeads: Plain['spreadHeads'] = (grouped, angles, qkv, count, length, heads, groups, headWidth) => {
  const half = headWidth / 2
  qkv.fill(0)
  for (const { grouped: from, spread, angles: start } of passages(count, length, heads, groups, headWidth)) {
    addTurned(grouped, from, qkv, spread, half, i => start === undefined ? [1, 0] : [at(angles, start + i), at(angles, start + half + i)])
  }
}

export const gatherHeads: Plain['gatherHeads'] = (dqkv, angles, dgrouped, count, length, heads, groups, headWidth) => {
  const half = headWidth / 2
  dgrouped.fill(0)
  for (const { grouped: to, spread, angles: start } of passages(count, length, heads, groups, headWidth)) {
    addTurned(dqkv, spread, dgrouped, to, half, i => start === undefined ? [1, 0] : [at(angles, start + i), -at(angles, start + half + i)])
  }
}
