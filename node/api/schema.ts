import { z } from 'zod'
import { networkAnswerShape } from '../doctor/network-answer.ts'

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

/** How the held-out text turns nats per token into bits per character, and what gzip -9 needs for it. */
export const yardstickSchema = z.object({ bitsPerNat: count, gzipBitsPerCharacter: count })

export const statusSchema = z.object({
  version: z.literal(API_VERSION),
  pid: count,
  peerId: z.string(),
  run: z.object({ id: z.string(), name: z.string() }),
  /** One word for what the peer does, and the reason in a sentence. */
  phase: z.string(),
  sentence: z.string(),
  /** Since when training rests because somebody asked for it. */
  pausedSinceMs: maybe,
  step: count,
  budgetSteps: count,
  round: count,
  loss: maybe,
  startLoss: maybe,
  /** The newest measurement on held-out data, nats per token. */
  heldOut: z.object({ loss: count, step: count }).nullable(),
  /** Null where examples are judged, not text. */
  yardstick: yardstickSchema.nullable(),
  tokensPerSecond: count,
  lossHistory: z.array(count),
  /** How many members are here, how many of them train, and how many are connected over QUIC; left out for none. */
  peers: z.object({ present: count, training: count, quic: count.optional() }),
  lastRound: roundRecordSchema.nullable(),
  bytes: byteTotalsSchema,
  allReduceBytes: count,
  uptimeSeconds: count,
  eventLoopDelayP99Ms: count,
  addresses: z.array(z.string()),
  /** How others come to this peer, and through which members where nobody can dial it; null before the network is open. */
  reach: z.object({ reachable: z.enum(['directly', 'relayed', 'unproven']), sentence: z.string(), relays: z.array(z.string()), punching: z.object({ possible: z.boolean(), sentence: z.string() }).optional() }).nullable(),
  invite: z.string(),
  backend: z.string()
})

export const peersSchema = z.object({
  version: z.literal(API_VERSION),
  connected: z.array(z.object({
    peerId: z.string(), round: count, step: count, training: z.boolean(), direction: z.enum(['inbound', 'outbound']),
    /** What the connection goes over, to the relay where there is one; left out where that is not known. */
    transport: z.enum(['tcp', 'websockets', 'quic']).optional(),
    /** The member that carries the connection; left out for a direct one. */
    relay: z.string().optional(),
    /** Whether it is a direct one through the NATs of both. */
    punched: z.boolean().optional(),
    bytesSent: count, bytesReceived: count, addresses: z.array(z.string())
  })),
  rejected: z.array(z.object({ peerId: z.string(), code: z.string(), sentence: z.string(), by: z.enum(['us', 'them']), atMs: count })),
  /** Whom this peer lets in no more for a while, and for what. */
  banned: z.array(z.object({ peerId: z.string(), code: z.string(), sentence: z.string(), bans: count, bannedUntilMs: count })).optional()
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

const trafficSchema = z.object({ sent: count, received: count })

export const bandwidthSchema = z.object({
  version: z.literal(API_VERSION),
  totals: byteTotalsSchema,
  /** Bytes a second over the last ten seconds, everything on the socket included. */
  rate: z.object({ sentPerSecond: count, receivedPerSecond: count }),
  /** What the settings promise about what leaves this peer, in their own words; empty for no limit. */
  promise: z.string(),
  /** Bytes of each protocol’s streams, without what noise, yamux and negotiation add. */
  protocols: z.array(trafficSchema.extend({ protocol: z.string() })),
  /** Socket bytes. */
  peers: z.array(trafficSchema.extend({ peerId: z.string() }))
})

export const runsSchema = z.object({
  version: z.literal(API_VERSION),
  /** The run last worked on first. */
  runs: z.array(z.object({ runId: z.string(), name: z.string(), steps: count, isCurrent: z.boolean() }))
})

export const checkpointsSchema = z.object({
  version: z.literal(API_VERSION),
  /** Of the run under way, newest first. */
  checkpoints: z.array(z.object({ step: count, path: z.string(), bytes: count, heldOutLoss: maybe, isBest: z.boolean() }))
})

export const configSchema = z.object({
  version: z.literal(API_VERSION),
  settings: z.record(z.string(), z.unknown()),
  /** Where each setting comes from. */
  origins: z.record(z.string(), z.enum(['flag', 'environment', 'file', 'default']))
})

export const pauseSchema = z.object({ version: z.literal(API_VERSION), pausedSinceMs: maybe })
export const checkSchema = z.object({ version: z.literal(API_VERSION), ...networkAnswerShape })
export const shutdownSchema = z.object({ version: z.literal(API_VERSION), stopping: z.literal(true) })

/** One average of everyone who is there; nothing for a peer that is alone. */
export const mergeSchema = z.object({
  version: z.literal(API_VERSION),
  merged: z.object({ step: count, members: z.array(z.string()), spread: count, lossBefore: count, lossAfter: count, path: z.string() }).nullable()
})

const snapshotSchema = z.object({ step: count, limit: count, heads: z.array(z.object({ peer: z.string(), next: count, hash: z.string(), cut: z.boolean() })), sums: z.array(z.int()).optional() })

/** What a run of scalars is made of here; the weights of its snapshots lie in the data directory. */
export const ledgerSchema = z.object({
  version: z.literal(API_VERSION),
  runId: z.string(),
  /** The newest snapshot, and the one after which entries are held; null for the run's start. */
  snapshot: snapshotSchema.nullable(),
  held: snapshotSchema.nullable(),
  /** Signed entries in base64, each peer's in the order of its chain, each after its length in two bytes. */
  entries: z.string(),
  /** Of the weights that this peer has made of them. */
  modelHash: z.string()
})

export const forgiveSchema = z.object({ version: z.literal(API_VERSION), forgiven: z.string() })
export const revokeSchema = z.object({ version: z.literal(API_VERSION), revoked: z.array(z.string()) })

/** Whether a peer is in its run: 200 when it is, 503 when not. */
export const readySchema = z.object({ version: z.literal(API_VERSION), ready: z.boolean(), sentence: z.string() })

/** Every refusal, as the command line prints it too. */
export const apiErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), why: z.string(), try: z.string() }) })

export type MergeAnswer = z.infer<typeof mergeSchema>
export type Status = z.infer<typeof statusSchema>
export type Yardstick = z.infer<typeof yardstickSchema>
export type PeersAnswer = z.infer<typeof peersSchema>
export type RoundsAnswer = z.infer<typeof roundsSchema>
export type RoundAnswer = RoundsAnswer['rounds'][number]
export type RoundsQuery = z.infer<typeof roundsQuerySchema>
export type BandwidthAnswer = z.infer<typeof bandwidthSchema>
export type RunsAnswer = z.infer<typeof runsSchema>
export type CheckpointsAnswer = z.infer<typeof checkpointsSchema>
export type ConfigAnswer = z.infer<typeof configSchema>
export type CheckAnswer = z.infer<typeof checkSchema>
export type PauseAnswer = z.infer<typeof pauseSchema>
export type LedgerAnswer = z.infer<typeof ledgerSchema>
export type ForgiveAnswer = z.infer<typeof forgiveSchema>
export type RevokeAnswer = z.infer<typeof revokeSchema>
export type ReadyAnswer = z.infer<typeof readySchema>

/** How a client finds the daemon of a data directory: `daemon.json`. */
export const daemonRecordSchema = z.object({
  pid: z.int(), api: z.string().min(1), version: z.string(), startedAtMs: z.number(),
  /** Where the API is on TCP too, for those who have the token. */
  url: z.string().optional()
})
export type DaemonRecord = z.infer<typeof daemonRecordSchema>
