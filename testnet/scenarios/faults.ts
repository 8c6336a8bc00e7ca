import { z } from 'zod'
import { attackSchema } from './attacks.ts'
import { duration } from './quantities.ts'

export const MOST_REPEATS = 1000

/** When: so long after the testnet began, or once anybody has ended that round. */
const when = {
  time: duration.optional(),
  round: z.int().min(1).optional(),
  /** Again after so many rounds or so much time, so many times in all. */
  repeat: z.strictObject({ rounds: z.int().min(1).optional(), time: duration.optional(), times: z.int().min(2).max(MOST_REPEATS) }).optional()
}

/** Whom: peers and groups by name, or a share or number of all (or of those named) drawn by the seed; everyone when all are left out. */
const whom = {
  peers: z.array(z.string()).min(1).optional(),
  share: z.number().positive().max(1).optional(),
  count: z.int().min(1).optional()
}

/** What ends by itself after so long; for good when left out. */
const lasts = { for: duration.optional() }

/** What happens to a swarm. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** The machine loses power: others notice once connections time out. Back from its store when `for` is over. */
  z.strictObject({ kind: z.literal('crash'), ...when, ...whom, ...lasts }),
  /** SIGKILL: its connections close at once. Back from its store when `for` is over. */
  z.strictObject({ kind: z.literal('kill'), ...when, ...whom, ...lasts }),
  /** SIGSTOP, then SIGCONT. */
  z.strictObject({ kind: z.literal('pause'), ...when, ...whom, for: duration }),
  /** It checkpoints, says goodbye and ends; back from its store when `for` is over. */
  z.strictObject({ kind: z.literal('leave'), ...when, ...whom, ...lasts }),
  /** Whoever is named is not there before; whoever crashed, was killed or left comes back from its store. */
  z.strictObject({ kind: z.literal('join'), ...when, ...whom }),
  /** Those on different sides no longer reach each other, until `heal` or for so long; whoever is on no side stays with the first. */
  z.strictObject({ kind: z.literal('partition'), ...when, ...lasts, sides: z.array(z.array(z.string()).min(1)).min(1) }),
  z.strictObject({ kind: z.literal('heal'), ...when }),
  /** Their lines carry nothing for so long; connections stay. */
  z.strictObject({ kind: z.literal('stall'), ...when, ...whom, for: duration }),
  /** All their connections are reset at once. */
  z.strictObject({ kind: z.literal('reset'), ...when, ...whom }),
  /** Their lines are another from here on. */
  z.strictObject({ kind: z.literal('link'), ...when, ...whom, link: z.string() }),
  /** Their clocks, which never go back, jump ahead: laptops that were suspended. */
  z.strictObject({ kind: z.literal('clockJump'), ...when, ...whom, by: duration }),
  /** Nothing can be written to their stores, for so long or for good. */
  z.strictObject({ kind: z.literal('diskFull'), ...when, ...whom, ...lasts }),
  /** They turn dishonest. */
  z.strictObject({ kind: z.literal('lie'), ...when, ...whom, attack: attackSchema })
], { error: 'must have one of the kinds crash, kill, pause, leave, join, partition, heal, stall, reset, link, clockJump, diskFull, lie' })

export type FaultEntry = z.infer<typeof faultSchema>
export type FaultKind = FaultEntry['kind']
