/** What is done to a scalar before anybody hears of it. */
export interface PrivacyRules {
  /** C: no example's scalar counts as more than ±C. */
  readonly clip: number
  /** Standard deviation of the noise over C, σ. */
  readonly noiseMultiplier: number
}

/**
 * (Σ clip(ĝ_i, ±C) + σ C ξ) / n (DPZero, Zhang et al., arXiv 2310.09639, algorithm 2): one example more or less moves the sum by C at most. Where
 * a peer measures only the mean of its batch, that mean is the one example, and what is protected is the batch.
 *
 * @param scalars projected gradients, one an example; one that is no number counts as 0
 * @param normal a fresh standard normal number that nobody can predict: noise from a shared seed would protect nothing
 * @throws RangeError for rules that protect nothing, or no examples
 */
export function privateScalar (scalars: readonly number[], { clip, noiseMultiplier }: PrivacyRules, normal: () => number): number {
  if (!(clip > 0 && Number.isFinite(clip))) throw new RangeError(`scalars cannot be clipped at ${clip}`)
  if (!(noiseMultiplier > 0 && Number.isFinite(noiseMultiplier))) throw new RangeError(`noise of ${noiseMultiplier} times the clip protects nothing`)
  if (scalars.length === 0) throw new RangeError('there is no scalar to protect')
  const sum = scalars.reduce((total, scalar) => total + (Number.isNaN(scalar) ? 0 : Math.max(-clip, Math.min(clip, scalar))), 0)
  return (sum + noiseMultiplier * clip * normal()) / scalars.length
}

/** One kind of disclosure, so many times. */
export interface Disclosures {
  readonly noiseMultiplier: number
  /** Chance that a given example is in a given batch, 0 to 1; 1 where batches are not drawn by chance. */
  readonly samplingRate: number
  readonly times: number
}

/** Orders at which the divergence is taken: whole numbers, for which it is a finite sum. */
const ORDERS = [...Array.from({ length: 62 }, (_, index) => index + 2), 80, 96, 128, 192, 256, 512]

/**
 * Rényi divergence of order α of one sampled Gaussian disclosure: α/2σ² without sampling (Mironov 2017, proposition 7), else
 * log(Σ_k C(α,k) (1−q)^{α−k} q^k e^{(k²−k)/2σ²}) / (α − 1) (Mironov, Talwar and Zhang, arXiv 1908.10530, section 3.3).
 *
 * @param order a whole number from 2 on
 */
export function renyiDivergence (order: number, noiseMultiplier: number, samplingRate: number): number {
  if (samplingRate === 0) return 0
  if (samplingRate === 1) return order / (2 * noiseMultiplier ** 2)
  const terms: number[] = []
  let logBinomial = 0
  for (let k = 0; k <= order; k++) {
    terms.push(logBinomial + (order - k) * Math.log1p(-samplingRate) + k * Math.log(samplingRate) + (k * k - k) / (2 * noiseMultiplier ** 2))
    logBinomial += Math.log(order - k) - Math.log(k + 1)
  }
  return Math.max(0, logSum(terms)) / (order - 1)
}

function logSum (logarithms: readonly number[]): number {
  const most = Math.max(...logarithms)
  return most + Math.log(logarithms.reduce((sum, logarithm) => sum + Math.exp(logarithm - most), 0))
}

/**
 * The ε of (ε, δ) differential privacy that all disclosures together leave: divergences add up, and the best order is converted by
 * ε = R_α + log((α−1)/α) − (log δ + log α)/(α−1) (Canonne, Kamath and Steinke, arXiv 2004.00010, proposition 12).
 *
 * @param delta chance that the promise does not hold, in (0, 1)
 * @returns Infinity where nothing is promised
 */
export function epsilonOf (disclosures: readonly Disclosures[], delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`δ is ${delta}; it lies between 0 and 1`)
  if (disclosures.every(({ samplingRate, times }) => samplingRate * times === 0)) return 0
  const spent = (order: number): number => disclosures.reduce((sum, { noiseMultiplier, samplingRate, times }) => sum + times * renyiDivergence(order, noiseMultiplier, samplingRate), 0)
  return ORDERS.reduce((least, order) => {
    const epsilon = spent(order) + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1)
    return Math.min(least, Math.max(0, epsilon))
  }, Infinity)
}

/** What a peer's scalars have told by now, in words. @param times scalars of its own that others have, or will with its next pack */
export function privacySentence ({ noiseMultiplier, delta }: PrivacyRules & { readonly delta: number }, times: number): string {
  const epsilon = epsilonOf([{ noiseMultiplier, samplingRate: 1, times }], delta)
  return `${times} scalars told, each with noise: ε ${Number.isFinite(epsilon) ? epsilon.toPrecision(3) : 'without bound'} at δ ${delta} for a batch that was in all of them`
}
