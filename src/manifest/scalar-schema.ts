import { z } from 'zod'
import { methodSchema } from './method-schema.ts'
import { natural, positive } from './numbers.ts'

/** A level of the signed logarithmic byte, whatever its sign. */
const level = z.int().min(0).max(127)

/** What is done to every scalar before anybody hears of it (src/spsa/privacy.ts); nothing when left out. */
const privacySchema = z.strictObject({
  /** C: no measurement counts as more than ±C. */
  clip: positive,
  /** Standard deviation of the noise over C, σ. */
  noiseMultiplier: positive,
  /** δ at which ε is told. */
  delta: positive.max(0.5)
}).optional()

/** The part of the weights that directions move, a share of 2^−halvings drawn from `mask`; all of them when left out. */
const sparseSchema = z.strictObject({ halvings: natural.max(16), mask: z.int().min(0).max(0xffff_ffff) }).optional()
/** Whether a scalar is told, or its sign alone, as ±1 (FeedSign); the scalar when left out. */
const formSchema = z.literal('sign').optional()

/** Levels, eight to a factor of e, above the median of its round that a level may reach; up to the largest when left out. */
const roundMargin = level.optional()

/** What every method of scalars has. */
const scalarBase = z.strictObject({
  /** What directions are drawn from: random signs, or a bell curve made of integers. */
  noise: z.enum(['rademacher', 'gaussian']),
  /** Peers that the method's numbers are for: what one of them finds counts for 1/peers, and of at most four times as many anything is taken. */
  peers: natural.max(1024),
  /** g₀, the scalar of the byte's first level; the last is 6.9 million times as large. */
  smallest: positive,
  /** Steps of `one-byte`, or rounds, between two comparisons of ledgers and model hashes. */
  checkEvery: natural,
  /** Steps of `one-byte`, or rounds, after which all take a snapshot, at the same step, and forget what it stands for. */
  snapshotEvery: natural
})

/** What methods have besides whose scalars are measured by two forward passes. */
const measuredBase = scalarBase.extend({
  /** ε of the two forward passes at θ ± ε·z. */
  epsilon: positive,
  /** η of the mean over `peers`: a step of one of them moves the common weights by η / peers. */
  learningRate: positive,
  /** How η ends: where it began, or falling to a tenth at the budget's last step, in a line or along half a cosine. */
  decay: z.enum(['constant', 'linear', 'cosine']),
  /** Steps over which η rises from nothing before it falls; none when left out. */
  warmup: natural.max(1_000_000).optional(),
  /** How ε ends, as η does; it stays where it began when left out. */
  epsilonDecay: z.enum(['linear', 'cosine']).optional(),
  privacy: privacySchema,
  sparse: sparseSchema,
  form: formSchema
})

/** With the longest window, an entry is as long as one of a run of rounds. */
export const MOST_DIRECTIONS = 16
/** Beyond, a byte is still moving after hundreds of windows, and each window costs a pass for each such byte. */
export const MOST_MOMENTUM = 0.99

/** Just One Byte: every peer sends one byte a step along directions that everybody can draw. */
export const oneByteSchema = measuredBase.extend({
  kind: z.literal('one-byte'),
  /** Steps of a pack, and of a window whose bytes are clipped by one limit. */
  window: natural.max(256),
  /** Directions that a step averages over, a byte each; one when left out. */
  directions: natural.max(MOST_DIRECTIONS).optional(),
  /** β: what a byte moves in a window is this share of what it moved in the one before; all is moved at once when left out. */
  momentum: z.number().gt(0).max(MOST_MOMENTUM).optional(),
  /** Whether two peers share the two passes of a step, one at θ + ε·z and the other at θ − ε·z (DistZO2); each runs both of its own when left out. */
  passes: z.literal('shared').optional(),
  /** Factors of this rank beside the matrices of the model: they alone are perturbed and moved (LoRA); all weights are when left out. */
  adapters: z.strictObject({ rank: natural.max(1024) }).optional(),
  /** Which bytes are too loud to count whole. */
  clip: z.strictObject({
    /** Levels, eight to a factor of e, above the median of the window before that a byte may reach. */
    levelsAboveMedian: level,
    /** The limit of the first window. */
    first: level,
    /** The largest limit ever; fixes the run's fixed point. */
    ceiling: level
  })
})

/** Steps that packs of a run of rounds have at most: an entry of a ledger that holds them fills a fifth of a frame. */
const LONGEST_ROUND = 4096
/** Seeds of a pool: the whole state of a model, four bytes a seed, travels in one message. */
const LARGEST_POOL = 8192

/** FedKSeed and FedKSeed-Pro: rounds of local steps along seeds of a pool that everybody shares. */
export const kSeedSchema = measuredBase.extend({
  kind: z.literal('fedkseed'),
  /** K: the model is θ₀ and K whole numbers. */
  poolSize: natural.max(LARGEST_POOL),
  /** Steps that a peer takes by itself between two packs, three bytes each. */
  localSteps: natural.max(LONGEST_ROUND),
  /** Whether seeds are drawn by how much they told before (Pro), or evenly. */
  importance: z.boolean(),
  /** The largest level that counts; fixes the run's fixed point. */
  largestLevel: level.min(1),
  levelsAboveMedian: roundMargin
})

/** Ferret: rounds of first-order local steps, sent as coordinates on seeded directions. */
export const ferretSchema = scalarBase.extend({
  kind: z.literal('ferret'),
  /** Steps of the inner optimizer between two packs. */
  localSteps: natural.max(1_000_000),
  /** Coordinates that a peer sends in a round, three bytes each. */
  directions: natural.max(LONGEST_ROUND),
  /** Weights of a block, which has directions of its own. */
  blockSize: natural.max(1_048_576),
  largestLevel: level.min(1),
  levelsAboveMedian: roundMargin
})

/** How the peers of a run train together: a point of the first-order frame, which has no kind, or a method of scalars. */
export const anyMethodSchema = z.discriminatedUnion('kind', [methodSchema.extend({ kind: z.undefined().optional() }), oneByteSchema, kSeedSchema, ferretSchema])

export type OneByteSpec = z.infer<typeof oneByteSchema>
export type KSeedSpec = z.infer<typeof kSeedSchema>
export type FerretSpec = z.infer<typeof ferretSchema>
/** A method whose peers send scalars and keep a ledger of them. */
export type ScalarSpec = OneByteSpec | KSeedSpec | FerretSpec
