import type { LinkProfile } from '../scenarios/links.ts'
import { linkSchema } from '../scenarios/links.ts'

/** What lies between two peers, one way: both their lines and the route between them, as one. */
export interface Path {
  readonly delayMs: number
  readonly jitterMs: number
  /** Share of segments that have to be sent again. */
  readonly loss: number
  /** How long a connection lasts on average; Infinity where nothing resets it. */
  readonly resetMs: number
}

/** A machine's own loopback. */
export const UNSHAPED: LinkProfile = linkSchema.parse({})

/** Delays and jitters add up, each stretch loses its share, and each may reset the connection. */
export function pathOver (stretches: readonly LinkProfile[]): Path {
  const sum = (value: (link: LinkProfile) => number): number => stretches.reduce((total, link) => total + value(link), 0)
  return {
    delayMs: sum(link => link.delay),
    jitterMs: sum(link => link.jitter),
    loss: 1 - stretches.reduce((kept, link) => kept * (1 - link.loss), 1),
    resetMs: 1 / sum(link => 1 / (link.reset ?? Infinity))
  }
}

/** Rates are sold in bits. */
export function megabits (perSecond: number): number {
  return perSecond * 1e6 / 8
}
