import { z } from 'zod'

const count = z.number()

const memberSchema = z.object({
  peerId: z.string(),
  /** Where it says that it listens. */
  listens: z.array(z.string()),
  software: z.string(),
  /** Its wall clock less ours, right within half of the round trip. */
  skewMs: count,
  roundTripMs: count,
  /** Where it sees this peer. */
  observed: z.string(),
  /** Addresses of ours that it was to dial. */
  dials: z.array(z.object({ address: z.string(), reached: z.boolean(), why: z.string() })),
  uploadBytesPerSecond: count.optional(),
  downloadBytesPerSecond: count.optional()
})

/** What some other members say of this peer's network; the version is put on by the API. */
export const networkAnswerShape = {
  software: z.string(),
  /** Where this peer listens. */
  addresses: z.array(z.string()),
  /** How others come to this peer, by what has happened so far. */
  reach: z.object({ reachable: z.enum(['directly', 'relayed', 'unproven']), sentence: z.string(), relays: z.array(z.string()), punching: z.object({ possible: z.boolean(), sentence: z.string() }).optional() }).nullable(),
  members: z.array(memberSchema),
  /** Members that were asked and did not answer, with their reasons. */
  silent: z.array(z.object({ peerId: z.string(), why: z.string() })),
  /** Most that may leave this peer, bytes a second; null without a promise. */
  promisedBytesPerSecond: count.nullable(),
  /** What the last round sent; null before the first one that sent something. */
  roundBytes: count.nullable(),
  sentence: z.string()
}

export type NetworkAnswer = z.infer<z.ZodObject<typeof networkAnswerShape>>
export type CheckedMember = z.infer<typeof memberSchema>
