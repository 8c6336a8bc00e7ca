import { z } from 'zod'
import { fraction, natural, positive } from './numbers.ts'

/** The outer optimizer: one of the frame's six axes (algorithms.md, "Outer optimizers"). */
export const outerSchema = z.discriminatedUnion('kind', [
  /** m ← μm + η[(θ_i − φ_i) + (mean Q(θ) − Q(θ_i))], γ = η (NoLoCo, arXiv 2506.10911, mean-exact form). */
  z.strictObject({ kind: z.literal('noloco'), learningRate: positive, momentum: fraction }),
  /** φ ← mean Q(θ), mean-exact (FedAvg, McMahan 2017). */
  z.strictObject({ kind: z.literal('average') })
])

/** A first-order method as a point on the frame's six axes. */
export const methodSchema = z.strictObject({
  /** Peers that average together in a round; 1 trains alone. */
  groupSize: natural.max(2),
  /** Pieces in which the weights are synced. */
  fragments: z.literal(1),
  /** Inner steps between two syncs of the same fragment, H. */
  everySteps: natural.max(100_000),
  /** Inner steps for which a fragment may be in flight, τ. */
  overlapSteps: z.literal(0),
  outer: outerSchema,
  /** Codec spec, e.g. `int8(64)`. */
  codec: z.string().min(1).max(200),
  /** Longest wait for a partner before training on alone. */
  graceMs: z.int().min(100).max(600_000)
})
