import { sparseNoise } from './masked-noise.ts'
import { noiseOf } from './noise.ts'
import type { Noise, NoiseKind } from './noise.ts'

/** What directions of a method are drawn from. */
export interface NoiseSpec {
  readonly noise: NoiseKind
  /** The part of the weights that they move: a share of 2^−halvings, drawn from `mask`. */
  readonly sparse?: { readonly halvings: number, readonly mask: number } | undefined
}

/** Tells masks of a manifest from seeds of directions. */
const MASK_DOMAIN = 0x6d61_736b

/** The noise of a method; the same on every machine. */
export function methodNoise ({ noise, sparse }: NoiseSpec): Noise {
  return sparse === undefined ? noiseOf(noise) : sparseNoise(noiseOf(noise), [MASK_DOMAIN, sparse.mask], sparse.halvings)
}
