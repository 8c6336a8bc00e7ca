import { z } from 'zod'
import { ROBUST_RULES } from '../trust/robust-rule.ts'
import { fraction, natural, positive } from './numbers.ts'
import { scalarLaneSchema } from './scalar-lane-schema.ts'

/** The outer optimizer: one of the frame's axes (algorithms.md, "Outer optimizers"). Q is the codec, Δ = φ − θ. */
export const outerSchema = z.discriminatedUnion('kind', [
  /** m ← μm + η[(θ_i − φ_i) + (mean Q(θ) − Q(θ_i))], γ = η (NoLoCo, arXiv 2506.10911, mean-exact form). */
  z.strictObject({ kind: z.literal('noloco'), learningRate: positive, momentum: fraction }),
  /** φ ← mean Q(θ), mean-exact (FedAvg, McMahan 2017); with a seeded sparse codec SPARTA. */
  z.strictObject({ kind: z.literal('average') }),
  /** v ← μv + mean Q(Δ) ; φ ← φ − η (mean Q(Δ) + μv), on slow weights that the whole group shares (DiLoCo, arXiv 2311.08105). */
  z.strictObject({ kind: z.literal('nesterov'), learningRate: positive, momentum: fraction }),
  /** Nesterov on this peer's own Δ, then φ ← mean Q(φ), mean-exact: momentum decoupled from consensus. With a `momentumCodec` it is averaged too. */
  z.strictObject({ kind: z.literal('gossip'), learningRate: positive, momentum: fraction, momentumCodec: z.string().min(1).max(200).optional() }),
  /** Momentum SGD on the mean Δ of one round ago, with staleness penalty and clipped momentum (CO2, arXiv 2401.16265). */
  z.strictObject({ kind: z.literal('co2'), learningRate: positive, momentum: fraction, clipNorm: positive }),
  /** θ ← θ − η sign(mean Q(g)) (DeMo, arXiv 2411.19870). */
  z.strictObject({ kind: z.literal('sign'), learningRate: positive }),
  /** The mean gradient goes to the inner optimizer (DDP; DGC with error feedback). */
  z.strictObject({ kind: z.literal('inner') })
])

/** Each is half of the one before or less: beyond, the first would not fit where the last does. */
export const MOST_RUNGS = 7

/** A first-order method as a point on the frame's axes. */
export const methodSchema = z.strictObject({
  /** Peers that average together in a round; 1 trains alone, `all` is everyone who is there. */
  groupSize: z.union([natural.max(1024), z.literal('all')]),
  /** Who meets whom in groups smaller than the swarm; `random` when left out. A hypercube of pairs mixes exactly in log₂N rounds. */
  pairing: z.enum(['random', 'hypercube']).optional(),
  /** Members drawn for each round (MoDeST, arXiv 2302.13837); everyone when left out. */
  participants: natural.max(1_000_000).optional(),
  /** Pieces in which the weights are synced, F: one every H/F steps. */
  fragments: natural.max(256),
  /** `strided` when left out: fragment p holds layers p, p+F, p+2F … (Streaming DiLoCo, arXiv 2501.18512). */
  pattern: z.enum(['strided', 'sequential']).optional(),
  /** Inner steps between two syncs of the same fragment, H. */
  everySteps: natural.max(100_000),
  /** Inner steps for which a fragment may be in flight while training goes on, τ < H/F; 0 trains no step meanwhile. */
  overlapSteps: z.int().min(0).max(100_000),
  /** α in θ ← αθ + (1−α)φ when a fragment lands, 0 when left out; `carry` keeps the steps of the flight whole, θ ← φ + (θ − θ when it was sent). */
  mixing: z.union([fraction, z.literal('carry')]).optional(),
  /** What crosses: `weights` when left out, `deltas` Δ against slow weights that the group shares, or `gradients` of one step. */
  shares: z.enum(['weights', 'deltas', 'gradients']).optional(),
  outer: outerSchema,
  /** Codec spec, e.g. `int8(64)`. */
  codec: z.string().min(1).max(200),
  /** Coarser codecs, finest first, for contributions of peers whose promise about their uplink does not bear `codec`; derived from it when left out, none when empty. */
  ladder: z.array(z.string().min(1).max(200)).max(MOST_RUNGS).optional(),
  /** Decay β of the error kept for the next round, a ← βa + x; without it what the codec loses is lost. Needs `deltas` or `gradients`. */
  errorFeedback: fraction.optional(),
  /** u ← mu + g before error feedback, and u ← 0 where something was sent (DGC's momentum correction, arXiv 1712.01887). */
  momentumCorrection: fraction.optional(),
  /** Members, this peer included, whose contributions end the wait; all of the group when left out. */
  quorum: natural.max(1024).optional(),
  /** Longest wait for the others before going on without them. */
  graceMs: z.int().min(100).max(600_000),
  /** Shortest wait for the others, within the grace, however quickly the steps between two rounds are taken; a second when left out. */
  patienceMs: z.int().min(0).max(600_000).optional(),
  /** What a fragment that lands after its τ steps counts: nothing (`drop`, when left out) or less with its age (`age`). */
  late: z.enum(['drop', 'age']).optional(),
  /** How contributions become one where members may lie (src/trust); the mean by tokens when left out. */
  robust: z.enum(ROBUST_RULES).optional(),
  /** Whether the run ends with one consensus average of everyone who is there. */
  finalMerge: z.boolean().optional(),
  /** Peers that only run forward passes contribute bytes, beside those that train; nobody else is heard when left out. */
  scalarLane: scalarLaneSchema.optional()
})
