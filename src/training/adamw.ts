import type { AdamwCoefficients } from '../kernels/kernels.ts'
import type { InnerSpec } from '../manifest/schema.ts'

/**
 * The scalars of one AdamW step (arXiv 1711.05101, algorithm 2, with Adam's bias correction).
 *
 * @param step steps taken before, from 0
 * @param scale factor on the gradient, which clips it
 * @param decays whether the parameter is decayed: matrices are, gains and biases are not
 */
export function adamwCoefficients (inner: InnerSpec, step: number, learningRate: number, scale: number, decays: boolean): AdamwCoefficients {
  const { beta1, beta2, epsilon, weightDecay } = inner
  return {
    scale,
    beta1,
    beta2,
    rate: learningRate / (1 - power(beta1, step + 1)),
    correction: 1 / (1 - power(beta2, step + 1)),
    epsilon,
    keep: decays ? 1 - learningRate * weightDecay : 1
  }
}

/** baseⁿ by squaring: multiplications only, because engines differ in the last bit of `Math.pow`. */
export function power (base: number, exponent: number): number {
  let result = 1
  let factor = base
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= factor
    factor *= factor
  }
  return result
}
