import { z } from 'zod'
import { methodSchema } from './method-schema.ts'
import { natural, positive } from './numbers.ts'

/** A level of the signed logarithmic byte, whatever its sign. */
const level = z.int().min(0).max(127)

/** Just One Byte: every peer sends one byte a step along directions that everybody can draw. */
export const oneByteSchema = z.strictObject({
  kind: z.literal('one-byte'),
  /** What directions are drawn from: random signs, or a bell curve made of integers. */
  noise: z.enum(['rademacher', 'gaussian']),
  /** ε of the two forward passes at θ ± ε·z. */
  epsilon: positive,
  /** η of the mean over `peers`: one byte moves the weights by η / peers. */
  learningRate: positive,
  /** How η ends: where it began, or falling in a line to a tenth at the budget's last step. */
  decay: z.enum(['constant', 'linear']),
  /** Peers that η is for; more of them make larger strides, and of at most four times as many bytes are taken. */
  peers: natural.max(1024),
  /** g₀, the scalar of the byte's first level; the last is 6.9 million times as large. */
  smallest: positive,
  /** Steps of a pack, and of a window whose bytes are clipped by one limit. */
  window: natural.max(256),
  /** Which bytes are too loud to count whole. */
  clip: z.strictObject({
    /** Levels, eight to a factor of e, above the median of the window before that a byte may reach. */
    levelsAboveMedian: level,
    /** The limit of the first window. */
    first: level,
    /** The largest limit ever; fixes the run's fixed point. */
    ceiling: level
  }),
  /** Steps between two comparisons of ledgers and model hashes. */
  checkEvery: natural,
  /** Steps after which all take a snapshot, at the same step, and forget the bytes that it stands for. */
  snapshotEvery: natural
})

/** How the peers of a run train together: a point of the first-order frame, which has no kind, or a method of scalars. */
export const anyMethodSchema = z.discriminatedUnion('kind', [methodSchema.extend({ kind: z.undefined().optional() }), oneByteSchema])

export type ScalarSpec = z.infer<typeof oneByteSchema>
