import { z } from 'zod'
import { API_VERSION } from '../api/schema.ts'

const count = z.number()
const maybe = z.number().nullable()

/** How far a peer was at one moment. */
const pointSchema = z.object({ atMs: count, round: count, step: count, loss: maybe })

/** One round of one group, as far as it is known here. */
const meetingSchema = z.object({ round: count, atMs: count, members: z.array(z.string()) })

/** A round of this peer's own. */
const ownRoundSchema = z.object({
  atMs: count, round: count, step: count, outcome: z.enum(['averaged', 'solo']), reason: z.string(), members: z.array(z.string()), waitedMs: count,
  spread: maybe, codecError: maybe, bitsPerValue: maybe, payloadBytesSent: count
})

/** `GET /v1/swarm`: what this peer has seen of the swarm since it started, thinned out to little. */
export const swarmSchema = z.object({
  version: z.literal(API_VERSION),
  self: z.string(),
  nowMs: count,
  /** This peer first, then in the order in which they came. */
  peers: z.array(z.object({ peerId: z.string(), present: z.boolean(), training: z.boolean(), tokensPerSecond: maybe, course: z.array(pointSchema) })),
  /** The last ones, oldest first: who averaged with whom. */
  meetings: z.array(meetingSchema),
  rounds: z.array(ownRoundSchema),
  protocols: z.array(z.object({ protocol: z.string(), kind: z.enum(['training', 'control']), sent: count, received: count }))
})

export type SwarmAnswer = z.infer<typeof swarmSchema>
export type CoursePoint = z.infer<typeof pointSchema>
export type Meeting = z.infer<typeof meetingSchema>
export type OwnRound = z.infer<typeof ownRoundSchema>

/** Prompts are held in memory twice; nobody types a longer one. */
const MAXIMUM_PROMPT_LENGTH = 4000
/** A minute of a slow peer's time. */
const MAXIMUM_SAMPLE_TOKENS = 1000

/** `POST /v1/sample`: a text to continue with the weights of this moment; the answer is the text, as it is written. */
export const sampleRequestSchema = z.strictObject({
  prompt: z.string().max(MAXIMUM_PROMPT_LENGTH),
  tokens: z.int().min(1).max(MAXIMUM_SAMPLE_TOKENS).default(200),
  temperature: z.number().min(0).max(100).default(0.8),
  topK: z.int().min(0).max(1_000_000).default(40),
  topP: z.number().min(0.001).max(1).default(1),
  seed: z.int().min(0).max(0xffff_ffff).default(1)
})
