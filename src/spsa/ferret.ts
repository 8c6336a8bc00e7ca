import type { Noise, Seed } from './noise.ts'

/** A stretch of the flat vector that has directions of its own. */
export interface Block {
  /** Index of its first value. */
  readonly first: number
  readonly size: number
}

/**
 * Ferret's coordinates of one block of a first-order update δ on K seeded directions (Shu et al. 2024): c_k = z_kᵀδ / K, what travels
 * instead of the block.
 */
export function coordinatesOf (update: Float32Array, { first, size }: Block, noise: Noise, seeds: readonly Seed[]): Float32Array {
  const integers = new Int8Array(size)
  return Float32Array.from(seeds, seed => {
    noise.fill(integers, seed, first)
    let product = 0
    for (let index = 0; index < size; index++) product += (integers[index] as number) * (update[first + index] as number)
    return product / noise.integersPerUnit / seeds.length
  })
}

/**
 * The part s of Z c that is nearest to δ in expectation. E[Z c] = δ and E‖Z c‖² = ‖δ‖² (K − 1 + P + m₄ − 1) / K with m₄ = E[z⁴], so
 * s = K / (K + P + m₄ − 2): K / (K + P + 1) for Gaussian directions, K / (K + P − 1) for signs, which is exact for P = 1. The error left is 1 − s of ‖δ‖²;
 * unshrunk it would be (P + m₄ − 2) / K of it, more than the update itself wherever K < P.
 *
 * @param size P, values of the block
 * @param directions K
 */
export function shrinkage (size: number, directions: number, noise: Noise): number {
  return directions / (directions + size + noise.fourthMoment - 2)
}

/** Writes s·Z c into the block's part of `target`. Sums are made in the order of the seeds, so that all machines get the same bits. */
export function rebuildBlock (target: Float32Array, { first, size }: Block, coordinates: Float32Array, noise: Noise, seeds: readonly Seed[]): void {
  const sums = new Float64Array(size)
  const integers = new Int8Array(size)
  const scale = shrinkage(size, seeds.length, noise) / noise.integersPerUnit
  seeds.forEach((seed, k) => {
    noise.fill(integers, seed, first)
    const coordinate = scale * (coordinates[k] as number)
    for (let index = 0; index < size; index++) sums[index] = (sums[index] as number) + coordinate * (integers[index] as number)
  })
  target.set(Float32Array.from(sums), first)
}

/**
 * How many directions each block gets out of a budget, so that the expected error Σ E_b Q_b / (K_b + Q_b) with Q = P + m₄ − 2 is least:
 * Lagrange's condition makes K_b + Q_b proportional to √(E_b Q_b); blocks that would get less than none get none, and the others share again.
 *
 * @param energies E_b = ‖δ_b‖², not negative
 * @returns whole numbers whose sum is at most `budget`
 */
export function allocateDirections (blocks: readonly Block[], energies: readonly number[], budget: number, noise: Noise): number[] {
  const sizes = blocks.map(({ size }) => size + noise.fourthMoment - 2)
  const roots = sizes.map((size, index) => Math.sqrt(Math.max(0, size * (energies[index] ?? 0))))
  let active = roots.map((root, index) => ({ root, index })).filter(({ root }) => root > 0)
  for (;;) {
    const level = (budget + active.reduce((sum, { index }) => sum + (sizes[index] as number), 0)) / active.reduce((sum, { root }) => sum + root, 0)
    const worthy = active.filter(({ root, index }) => level * root > (sizes[index] as number))
    if (worthy.length === active.length) {
      const counts = blocks.map(() => 0)
      for (const { root, index } of active) counts[index] = Math.floor(level * root - (sizes[index] as number))
      return counts
    }
    active = worthy
  }
}
