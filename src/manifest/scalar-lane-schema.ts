import { z } from 'zod'
import { natural, positive } from './numbers.ts'

/** What peers that only run forward passes contribute to a first-order run: signed bytes about the slow weights that everyone shares. */
export const scalarLaneSchema = z.strictObject({
  /** What directions are drawn from: random signs, or a bell curve made of integers. */
  noise: z.enum(['rademacher', 'gaussian']),
  /** ε of the two forward passes at φ ± ε·z. */
  epsilon: positive,
  /** g₀, the scalar of the byte's first level; the last is 6.9 million times as large. */
  smallest: positive,
  /** Bytes that a scalar peer sends about one φ, at most. */
  scalars: natural.max(1024),
  /** Of these, so many travel together. */
  pack: natural.max(256),
  /** Scalar peers that are heard about one φ, at most. */
  peers: natural.max(1024),
  /** Levels, eight to a factor of e, above the set's median that a byte may reach. */
  levelsAboveMedian: z.int().min(0).max(127)
}).refine(({ scalars, pack }) => pack <= scalars, { error: 'has more steps than a scalar peer may send about one φ', path: ['pack'] })

export type ScalarLaneSpec = z.infer<typeof scalarLaneSchema>
