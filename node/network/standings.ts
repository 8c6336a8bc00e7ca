import type { Rejection } from '../../protocols/wire/rejection.ts'
import { rejection } from '../../protocols/wire/rejection.ts'
import { isBanned, judged, pointsAt } from '../../src/trust/standing.ts'
import type { Standing } from '../../src/trust/standing.ts'
import { REMEMBERED_STANDINGS } from './constants.ts'

/** Where standings lie between two lives of a peer. */
export interface StandingStore {
  standings (): Promise<ReadonlyMap<string, Standing>>
  /** Undefined forgets the peer. */
  keepStanding (peerId: string, standing: Standing | undefined): void
}

export interface BannedPeer extends Standing {
  readonly peerId: string
}

/** How those who misbehaved stand with this peer: points that fade, and bans that outlive the process. */
export class Standings {
  readonly #known: Map<string, Standing>
  readonly #keep: StandingStore['keepStanding']

  constructor (known: ReadonlyMap<string, Standing> = new Map(), keep: StandingStore['keepStanding'] = () => undefined) {
    this.#known = new Map(known)
    this.#keep = keep
  }

  /** Counts a refusal. @returns whether the peer is banned from now on */
  blame (peerId: string, why: Rejection, nowMs: number): boolean {
    const before = this.#known.get(peerId)
    const after = judged(before, why, nowMs)
    if (after === undefined || after === before) return false
    this.#known.set(peerId, after)
    this.#keep(peerId, after)
    if (this.#known.size > REMEMBERED_STANDINGS) this.#forgetLeast(nowMs)
    return isBanned(after, nowMs)
  }

  /** Why a banned peer is refused; undefined for every other. */
  refusal (peerId: string, nowMs: number): Rejection | undefined {
    const standing = this.#known.get(peerId)
    if (standing === undefined || !isBanned(standing, nowMs)) return undefined
    return rejection('BANNED', { until: new Date(standing.bannedUntilMs).toISOString().slice(0, 19), why: standing.sentence })
  }

  banned (nowMs: number): BannedPeer[] {
    return [...this.#known].filter(([, standing]) => isBanned(standing, nowMs)).map(([peerId, standing]) => ({ peerId, ...standing }))
  }

  /** Everybody against whom something is held, or was lately. */
  known (): string[] { return [...this.#known.keys()] }

  /** Forgets all that is held against a peer. @returns whether anything was */
  forgive (peerId: string): boolean {
    if (!this.#known.delete(peerId)) return false
    this.#keep(peerId, undefined)
    return true
  }

  /** Of whom least is to be feared: no ban, fewest points. */
  #forgetLeast (nowMs: number): void {
    const weight = (standing: Standing): number => Math.max(0, standing.bannedUntilMs - nowMs) + pointsAt(standing, nowMs)
    const [least] = [...this.#known].sort(([, one], [, other]) => weight(one) - weight(other))
    if (least !== undefined) this.forgive(least[0])
  }
}
