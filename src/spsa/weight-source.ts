import type { Noise, Seed } from './noise.ts'

/**
 * Weights that are computed as a forward pass consumes them, so that a perturbed model never needs a second copy of itself:
 * the reader's chunk is the only memory in float.
 */
export interface WeightSource {
  /** Number of values. */
  readonly size: number
  /** Writes the values `first` … `first + target.length − 1`. */
  read (first: number, target: Float32Array): void
}

export function heldWeights (values: Float32Array): WeightSource {
  return { size: values.length, read: (first, target) => { target.set(values.subarray(first, first + target.length)) } }
}

/**
 * θ = fround(base + fround(ε·z)), always from the untouched base: adding ε·z in place and taking it away again changes about a quarter of
 * all values (MeZO's +ε, −2ε, +ε; Malladi et al. 2023, algorithm 1).
 *
 * @param epsilon signed size of the perturbation; rounded to a float first
 */
export function perturbed (base: WeightSource, noise: Noise, seed: Seed, epsilon: number): WeightSource {
  const step = Math.fround(epsilon) / noise.integersPerUnit
  return {
    size: base.size,
    read (first, target) {
      base.read(first, target)
      noise.perturb(target, seed, first, step)
    }
  }
}

/** All values at once: for models that fit, and for tests. */
export function readAll (source: WeightSource): Float32Array {
  const values = new Float32Array(source.size)
  source.read(0, values)
  return values
}
