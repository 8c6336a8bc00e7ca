import { stretchOf } from '../../src/membership/view.ts'
import type { PresentPeer, Progress, RejectionCode } from '../../src/ports.ts'
import type { Hello, KnownPeer } from '../../protocols/hello/messages.ts'
import type { Rejection } from '../../protocols/wire/rejection.ts'
import { REJECTION_REPEAT_MS, REMEMBERED_REJECTIONS } from './constants.ts'

export interface Member extends PresentPeer {
  readonly addresses: readonly string[]
  /** Nats per token over its last round; NaN until it tells. */
  readonly loss: number
  /** NaN until it tells. */
  readonly tokensPerSecond: number
  /** Whom it averaged with in `round`, by `idTail`; undefined until it tells. */
  readonly met?: readonly string[] | undefined
  /** Of what it told last; undefined where its version does not say. */
  readonly toldMs?: number | undefined
}

/** The members of the run that this peer knows to be here. */
export class Roster {
  readonly #members = new Map<string, Member>()

  get size (): number { return this.#members.size }

  has (peerId: string): boolean { return this.#members.has(peerId) }

  /** Where a member said that it can be dialled; undefined for a stranger. */
  addressesOf (peerId: string): readonly string[] | undefined { return this.#members.get(peerId)?.addresses }

  /** Takes in what a hello says; true when the peer is new. */
  join (peerId: string, { progress, addresses }: Pick<Hello, 'progress' | 'addresses'>): boolean {
    const known = this.#members.get(peerId)
    const { loss, tokensPerSecond, stretchMs } = known ?? { loss: Number.NaN, tokensPerSecond: Number.NaN }
    this.#members.set(peerId, { peerId, ...progress, addresses, loss, tokensPerSecond, stretchMs })
    return known === undefined
  }

  /** True when the peer was here. */
  leave (peerId: string): boolean { return this.#members.delete(peerId) }

  /**
   * Takes in an announcement; false when it changes nothing: from a stranger, or overtaken by a newer one.
   *
   * @param nowMs by the clock that averaging goes by
   */
  update (peerId: string, { dueInMs, ...progress }: Progress, nowMs = 0): boolean {
    const member = this.#members.get(peerId)
    if (member === undefined || isOvertaken(progress, member)) return false
    this.#members.set(peerId, { ...member, ...progress, dueMs: dueInMs === undefined ? undefined : nowMs + dueInMs, stretchMs: stretchOf(dueInMs, member.stretchMs) })
    return progress.round !== member.round || progress.step !== member.step || progress.training !== member.training
  }

  /** Everyone here, in order of peer id. */
  members (): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => a.peerId < b.peerId ? -1 : 1)
  }

  /** Whom a hello may pass on: those that can be dialled. */
  knownPeers (): KnownPeer[] {
    return this.members()
      .filter(member => member.addresses.length > 0)
      .map(({ peerId, addresses }) => ({ peerId, addresses: [...addresses] }))
  }
}

/** Older than what is known, or from an earlier life of the peer: told again by somebody. */
function isOvertaken (progress: Omit<Progress, 'dueInMs'>, member: Member): boolean {
  if (progress.toldMs !== undefined && member.toldMs !== undefined) return progress.toldMs <= member.toldMs
  return progress.round < member.round || progress.step < member.step
}

/** A refusal in a handshake or on a stream, as it is remembered. */
export interface RejectionRecord {
  readonly peerId: string
  readonly code: RejectionCode
  readonly sentence: string
  readonly by: 'us' | 'them'
  readonly atMs: number
}

/** The last refusals, in order of time. */
export class RejectionLog {
  readonly #records: RejectionRecord[] = []

  /** The record to tell of, or undefined when the same was told a moment ago: a hostile peer must not fill the log. */
  add (peerId: string, by: 'us' | 'them', { code, sentence }: Rejection, atMs: number): RejectionRecord | undefined {
    const repeated = this.#records.some(record =>
      record.peerId === peerId && record.code === code && record.by === by && atMs - record.atMs < REJECTION_REPEAT_MS)
    if (repeated) return undefined
    const record: RejectionRecord = { peerId, code, sentence, by, atMs }
    this.#records.push(record)
    if (this.#records.length > REMEMBERED_REJECTIONS) this.#records.shift()
    return record
  }

  list (): readonly RejectionRecord[] { return [...this.#records] }
}
