import { z } from 'zod'
import { fraction, natural, positive } from './numbers.ts'

/**
 * `beta1` is the momentum of `sgd` and of `muon`'s matrices, and Lion's share of momentum in a step; `beta2` and `epsilon`
 * matter to AdamW, whose part in Muon is all that is no matrix within a layer, and `beta2` to Lion.
 */
export const innerSchema = z.strictObject({
  optimizer: z.enum(['adamw', 'sgd', 'lion', 'muon']),
  learningRate: positive.max(1),
  beta1: fraction,
  beta2: fraction,
  epsilon: positive,
  weightDecay: z.number().min(0).max(10),
  clipNorm: positive,
  /** Sequences of `context` tokens a step, or a pass where gradients are accumulated. */
  batch: natural.max(65536),
  /** Passes whose mean gradient is one step's; 1 when left out. */
  accumulate: natural.max(1024).optional(),
  /**
   * Passes of a step grow where the norm test finds their gradient too noisy (AdAdaGrad, arXiv 2402.11215): its standard error may be `tolerance` of its norm. A step begins with
   * `accumulate` passes, two at least, and never has more than `mostPasses`.
   */
  batchGrowth: z.strictObject({ tolerance: positive.max(1), mostPasses: natural.max(1024) }).optional(),
  /** Whether the backward pass computes each layer again instead of keeping what it gave: less memory, more time. */
  recompute: z.literal(true).optional(),
  warmupSteps: z.int().min(0),
  decay: z.enum(['constant', 'cosine', 'wsd'])
})
