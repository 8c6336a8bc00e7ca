import { z } from 'zod'

/** Version of the JSON that the API speaks; within one, fields are only added. */
export const API_VERSION = 1

const count = z.number()
/** JSON has no NaN: a value that does not exist yet is null. */
const maybe = z.number().nullable()

export const byteTotalsSchema = z.object({
  payloadSent: count, payloadReceived: count, wireSent: count, wireReceived: count, controlSent: count, controlReceived: count
})

export const roundRecordSchema = z.object({
  round: count,
  step: count,
  members: z.array(z.string()),
  outcome: z.enum(['averaged', 'solo']),
  reason: z.string(),
  spread: maybe,
  loss: maybe,
  waitedMs: count,
  payloadBytesSent: count,
  payloadBytesReceived: count,
  codecError: maybe.optional(),
  bitsPerValue: maybe.optional()
})

export const statusSchema = z.object({
  version: z.literal(API_VERSION),
  pid: count,
  peerId: z.string(),
  run: z.object({ id: z.string(), name: z.string() }),
  /** One word for what the peer does, and the reason in a sentence. */
  phase: z.string(),
  sentence: z.string(),
  step: count,
  budgetSteps: count,
  round: count,
  loss: maybe,
  startLoss: maybe,
  tokensPerSecond: count,
  lossHistory: z.array(count),
  peers: z.object({ present: count, training: count }),
  lastRound: roundRecordSchema.nullable(),
  bytes: byteTotalsSchema,
  allReduceBytes: count,
  uptimeSeconds: count,
  eventLoopDelayP99Ms: count,
  addresses: z.array(z.string()),
  invite: z.string(),
  backend: z.string()
})

export const peersSchema = z.object({
  version: z.literal(API_VERSION),
  connected: z.array(z.object({
    peerId: z.string(), round: count, step: count, training: z.boolean(), direction: z.enum(['inbound', 'outbound']),
    bytesSent: count, bytesReceived: count, addresses: z.array(z.string())
  })),
  rejected: z.array(z.object({ peerId: z.string(), code: z.string(), sentence: z.string(), by: z.enum(['us', 'them']), atMs: count }))
})

/** Rounds of a page, oldest first. */
export const roundsSchema = z.object({
  version: z.literal(API_VERSION),
  rounds: z.array(roundRecordSchema),
  /** What `since` has to be for the next page; null where this is the last one so far. */
  next: maybe
})

export const DEFAULT_ROUNDS_A_PAGE = 100
/** An answer of a few hundred kilobytes, made from memory at once. */
export const MAXIMUM_ROUNDS_A_PAGE = 1000

/** What a question for rounds may say: those after `since`, at most `limit`. */
export const roundsQuerySchema = z.object({
  since: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.coerce.number().int().min(1).max(MAXIMUM_ROUNDS_A_PAGE).default(DEFAULT_ROUNDS_A_PAGE)
})

export const shutdownSchema = z.object({ version: z.literal(API_VERSION), stopping: z.literal(true) })

/** One average of everyone who is there; nothing for a peer that is alone. */
export const mergeSchema = z.object({
  version: z.literal(API_VERSION),
  merged: z.object({ step: count, members: z.array(z.string()), spread: count, lossBefore: count, lossAfter: count, path: z.string() }).nullable()
})

export type MergeAnswer = z.infer<typeof mergeSchema>
export type Status = z.infer<typeof statusSchema>
export type PeersAnswer = z.infer<typeof peersSchema>
export type RoundsAnswer = z.infer<typeof roundsSchema>
export type RoundAnswer = RoundsAnswer['rounds'][number]

/** How a client finds the daemon of a data directory: `daemon.json`. */
export const daemonRecordSchema = z.object({ pid: z.int(), api: z.string().min(1), version: z.string(), startedAtMs: z.number() })
export type DaemonRecord = z.infer<typeof daemonRecordSchema>
