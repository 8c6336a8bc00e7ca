import type { Kernels } from './kernels.ts'

type Vectors = Kernels<Float32Array | Int32Array>

/** Four sums, as the SIMD kernel keeps them, so that both round alike. */
export const squaredNorm: Vectors['squaredNorm'] = (x, count) => {
  const sums = new Float64Array(4)
  for (let i = 0; i < count; i++) {
    const value = x[i] ?? NaN
    sums[i & 3] = (sums[i & 3] ?? 0) + value * value
  }
  const [a = 0, b = 0, c = 0, d = 0] = sums
  return (a + b) + (c + d)
}

/** Rounded to float32 after every operation, as the SIMD kernel does, so that both give the same bits. */
export const adamw: Vectors['adamw'] = (weights, first, second, gradient, count, scale, beta1, beta2, rate, correction, epsilon, keep) => {
  const f = Math.fround
  const rest1 = f(1 - f(beta1))
  const rest2 = f(1 - f(beta2))
  for (let i = 0; i < count; i++) {
    const slope = f((gradient[i] ?? NaN) * f(scale))
    const newFirst = f(f(f(beta1) * (first[i] ?? NaN)) + f(rest1 * slope))
    const newSecond = f(f(f(beta2) * (second[i] ?? NaN)) + f(rest2 * f(slope * slope)))
    const size = f(f(Math.sqrt(f(newSecond * f(correction)))) + f(epsilon))
    const step = f(f(f(rate) * newFirst) / size)
    first[i] = newFirst
    second[i] = newSecond
    weights[i] = f(f(f(keep) * (weights[i] ?? NaN)) - step)
  }
}

export const sgd: Vectors['sgd'] = (weights, first, gradient, count, scale, momentum, rate, keep) => {
  const f = Math.fround
  for (let i = 0; i < count; i++) {
    const newFirst = f(f(f(momentum) * (first[i] ?? NaN)) + f((gradient[i] ?? NaN) * f(scale)))
    first[i] = newFirst
    weights[i] = f(f(f(keep) * (weights[i] ?? NaN)) - f(f(rate) * newFirst))
  }
}

export const lion: Vectors['lion'] = (weights, first, gradient, count, scale, beta1, beta2, rate, keep) => {
  const f = Math.fround
  const blend = (old: number, fresh: number, share: number): number => f(f(f(share) * old) + f(f(1 - f(share)) * fresh))
  for (let i = 0; i < count; i++) {
    const slope = f((gradient[i] ?? NaN) * f(scale))
    const old = first[i] ?? NaN
    weights[i] = f(f(f(keep) * (weights[i] ?? NaN)) - f(f(rate) * Math.sign(blend(old, slope, beta1))))
    first[i] = blend(old, slope, beta2)
  }
}
