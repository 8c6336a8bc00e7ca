import { z } from 'zod'

const peers = z.array(z.string().min(1)).min(1)
const sides = z.array(peers).min(1)

/** What another terminal asks of a testnet that runs: one line of JSON each way. */
export const controlRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('list') }),
  z.object({ kind: z.literal('kill'), peers }),
  z.object({ kind: z.literal('pause'), peers, forMs: z.number().positive().optional() }),
  z.object({ kind: z.literal('resume'), peers }),
  z.object({ kind: z.literal('partition'), sides }),
  z.object({ kind: z.literal('heal') })
])

export type ControlRequest = z.infer<typeof controlRequestSchema>

const listedPeerSchema = z.object({
  name: z.string(),
  alias: z.string(),
  pid: z.number().nullable(),
  phase: z.string(),
  step: z.number(),
  round: z.number(),
  loss: z.number().nullable(),
  bytesSent: z.number(),
  /** One of running, paused, ended, awaited. */
  state: z.string()
})

/** A testnet as `shoal testnet ls` shows it, after whatever was asked has been done. */
export const testnetListingSchema = z.object({
  name: z.string(),
  root: z.string(),
  pid: z.number(),
  startedAtMs: z.number(),
  invite: z.string(),
  sides: z.array(z.array(z.string())),
  peers: z.array(listedPeerSchema)
})

export type TestnetListing = z.infer<typeof testnetListingSchema>

export const controlAnswerSchema = z.union([
  z.object({ testnet: testnetListingSchema }),
  z.object({ error: z.object({ code: z.string(), what: z.string(), why: z.string(), tryThis: z.string() }) })
])

export type ControlAnswer = z.infer<typeof controlAnswerSchema>

/** What lies in a testnet's folder for as long as it runs. */
export const testnetRecordSchema = z.object({ name: z.string(), pid: z.number(), socket: z.string(), startedAtMs: z.number() })

export type TestnetRecord = z.infer<typeof testnetRecordSchema>

/** A request is short; whoever sends more means something else. */
export const LONGEST_REQUEST_BYTES = 65_536
