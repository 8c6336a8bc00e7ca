import { z } from 'zod'
import { presetNames } from '../../src/averaging/methods.ts'
import { MODEL_SIZES } from '../../src/manifest/draft.ts'
import { scalarPresets } from '../../src/spsa/scalar-methods.ts'
import type { ScalarPresetName } from '../../src/spsa/scalar-methods.ts'
import { faultSchema } from './faults.ts'
import { attackSchema } from './attacks.ts'
import { linkSchema } from './links.ts'
import { duration, rate, volume } from './quantities.ts'

const scalarNames = Object.keys(scalarPresets) as ScalarPresetName[]
const NAME = /^[a-z0-9][a-z0-9-]{0,40}$/
const name = z.string().regex(NAME, 'must be lower-case letters, digits and dashes, at most 41')
const TRAINING = /^(quadratic|real|replayed:.+)$/s
/** Far beyond what one machine simulates; a number with a digit too many fails early. */
const MOST_PEERS = 100_000
const count = z.int().min(1)
const share = z.number().min(0).max(1)

/** Peers that are alike. One alone is called as its group is; several are `name-1`, `name-2` and so on. */
export const groupSchema = z.strictObject({
  name: name.default('peer'),
  count: count.max(MOST_PEERS).default(1),
  /** Their own line: one that every scenario knows, or one of `links`. */
  link: z.string().default('lan'),
  /** Steps in the time in which a peer of speed 1 takes one; of two, each peer draws its own between them. */
  speed: z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]).default(1),
  /** What each promises about its uplink. */
  upload: rate.optional(),
  /** Whether they train, or run forward passes alone beside those who do, whose groups come before; the method gets a scalar lane then. */
  lane: z.enum(['first-order', 'scalars']).default('first-order'),
  /** What they do instead of taking part honestly, from the start. */
  attack: attackSchema.optional()
})

export const scenarioSchema = z.strictObject({
  name,
  /** One sentence for lists. */
  summary: z.string().min(1).max(200),
  run: z.strictObject({
    method: z.enum([...presetNames, ...scalarNames], { error: `must be one of ${[...presetNames, ...scalarNames].join(', ')}` }).default('noloco'),
    /** H; the preset's own when left out. */
    every: count.max(100_000).optional(),
    codec: z.string().min(1).max(200).optional(),
    /** Of one-byte: whether each peer runs both passes of its steps, or two share them. */
    passes: z.enum(['own', 'shared']).default('own'),
    /** Longest wait for the others of a round. */
    grace: duration.optional(),
    /** Inner steps of each peer. */
    steps: count.default(400),
    /** What a step takes at speed 1 where steps are emulated. */
    step: duration.default(250),
    /** Whether the steps of real daemons take as long, at least: what lasts for seconds lasts as many rounds then as in virtual time. */
    paced: z.boolean().default(false),
    /** What trains in virtual time: a quadratic, small models, or `replayed:` and the folder of a recording, from the file's own; real daemons train in any case. */
    training: z.string().regex(TRAINING, 'must be quadratic, real, or replayed: and the folder of a recording').default('quadratic'),
    /** Real training trains it; messages of emulated training are as long as its. */
    model: z.enum(Object.keys(MODEL_SIZES), { error: `must be one of ${Object.keys(MODEL_SIZES).join(', ')}` }).default('tiny'),
    /** How data is cut into the peers' shards; in the quadratic, of eras the peers' own optima lie apart. */
    split: z.enum(['era', 'iid']).default('era'),
    /** Peers start within so much of each other. */
    startWithin: duration.default(1000)
  }).prefault({}),
  /** The function that emulated training minimizes: ½‖θ − optimum‖² with noise, of so many weights. */
  quadratic: z.strictObject({
    weights: count.max(1_000_000).default(256),
    /** Distance between the peers' own optima, a coordinate; 0.5 of eras and 0 of iid shards when left out. */
    dissimilarity: z.number().min(0).optional(),
    noise: z.number().min(0).default(0.2)
  }).prefault({}),
  links: z.record(name, linkSchema).default({}),
  peers: z.array(groupSchema).min(1),
  /** What lies between the peers of two groups, beside their own lines: one way only where it says so. */
  routes: z.array(z.strictObject({
    from: z.string(), to: z.string(), link: z.string(), oneWay: z.boolean().default(false)
  })).default([]),
  faults: z.array(faultSchema).default([]),
  expect: z.strictObject({
    /** Loss of the replicas' mean at the end: excess over the optimum a coordinate of the quadratic, nats per token of real training. */
    lossBelow: z.strictObject({ quadratic: z.number().positive().optional(), real: z.number().positive().optional() }).optional(),
    /** Loss at most so much above that of the same scenario and seed without faults and liars: in percent of what there is to gain of the quadratic, of the loss of real training. */
    withinPercentOfUndisturbed: z.number().positive().optional(),
    /** Share of honest peers' rounds in which they averaged with someone. */
    averagedShareAbove: share.optional(),
    /** Everything that a peer sent, the one that sent most. */
    bytesPerPeerBelow: volume.optional(),
    /** Longest time for which any peer's trainer rested in one round. */
    longestWaitBelow: duration.optional(),
    /** Share of its time for which any peer's trainer rested. */
    waitedShareBelow: share.optional(),
    /** Root mean square distance of replicas to their mean, a weight of the quadratic. */
    spreadBelow: z.number().positive().optional(),
    /** Scalars that counted, on the honest peer that heard fewest. */
    scalarsAbove: count.optional(),
    /** Everybody who was not crashed, killed or sent away takes all its steps. */
    allEnd: z.boolean().default(true)
  }).prefault({})
})

/** A scenario as its file says it, with defaults; durations in milliseconds, rates in bytes a second. */
export type ScenarioFile = z.infer<typeof scenarioSchema>
export type PeerGroup = z.infer<typeof groupSchema>
export type Expectations = ScenarioFile['expect']
