import type { RejectionCode } from '../ports.ts'

/** What a refusal says about the peer that was refused. */
export interface Penalty {
  readonly points: number
  /** Whether what it did can be shown from what it sent alone, whatever anybody's weights are. */
  readonly isProven: boolean
}

/** Points at which a peer is banned. */
export const BAN_POINTS = 100
/** Half of the points are forgotten in this time: a machine with a fault that was mended is welcome again within the hour. */
export const HALF_LIFE_MS = 600_000
/** The first ban; each later one lasts twice as long. */
export const FIRST_BAN_MS = 3_600_000
/** Longer would only fill the store: a new key costs an attacker nothing. */
export const LONGEST_BAN_MS = 7 * 24 * 3_600_000

/** Three of them within a few minutes are no accident. */
const GRAVE = 34
/** A burst may come of a bug or of a bad link; five bursts do not. */
const RUDE = 20
/** What honest peers also meet with, when their weights diverge, an invite has run out, or they go on from a checkpoint and send a round again. */
const SLIGHT = 5

/** What a peer earns by being refused with this code. Misunderstandings (another run, another version) and bad timing cost nothing. */
export function penaltyOf (code: RejectionCode): Penalty {
  switch (code) {
    case 'BAD_MESSAGE': case 'BAD_CONTRIBUTION': return { points: GRAVE, isProven: true }
    case 'TOO_MANY_REQUESTS': return { points: RUDE, isProven: true }
    case 'NOT_ADMITTED': case 'REPEATED_CONTRIBUTION': return { points: SLIGHT, isProven: true }
    case 'FAR_CONTRIBUTION': case 'BAD_SNAPSHOT': return { points: SLIGHT, isProven: false }
    case 'BANNED': case 'BUSY': case 'NOT_MY_PARTNER': case 'NOT_TRAINING': case 'ROUND_PASSED': case 'UNKNOWN':
    case 'WRONG_CODEC': case 'WRONG_LAYOUT': case 'WRONG_PROTOCOL': case 'WRONG_RUN': return { points: 0, isProven: false }
  }
}

/** What is remembered of a peer that misbehaved; times are those of the wall clock, for they outlive the process. */
export interface Standing {
  readonly points: number
  /** When the points were counted last. */
  readonly atMs: number
  /** How often it was banned. */
  readonly bans: number
  /** The end of its last ban, 0 before the first. */
  readonly bannedUntilMs: number
  /** Of the last refusal that cost it anything. */
  readonly code: RejectionCode
  readonly sentence: string
}

/** Points by now. A clock that was set back forgets nothing. */
export function pointsAt ({ points, atMs }: Pick<Standing, 'points' | 'atMs'>, nowMs: number): number {
  return points * 2 ** (-Math.max(0, nowMs - atMs) / HALF_LIFE_MS)
}

export function isBanned (standing: Pick<Standing, 'bannedUntilMs'> | undefined, nowMs: number): boolean {
  return standing !== undefined && nowMs < standing.bannedUntilMs
}

/** A peer's standing after one more refusal; as it was where that costs nothing. A ban wipes the points: they have been paid for. */
export function judged (before: Standing | undefined, { code, sentence }: { readonly code: RejectionCode, readonly sentence: string }, nowMs: number): Standing | undefined {
  const penalty = penaltyOf(code)
  if (penalty.points === 0 || isBanned(before, nowMs)) return before
  const points = penalty.points + (before === undefined ? 0 : pointsAt(before, nowMs))
  const bans = before?.bans ?? 0
  if (points < BAN_POINTS) return { points, atMs: nowMs, bans, bannedUntilMs: before?.bannedUntilMs ?? 0, code, sentence }
  return { points: 0, atMs: nowMs, bans: bans + 1, bannedUntilMs: nowMs + Math.min(LONGEST_BAN_MS, FIRST_BAN_MS * 2 ** bans), code, sentence }
}
