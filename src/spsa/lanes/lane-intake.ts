import { hashEntry, isSigned, lastStepOf, sameBytes } from '../ledger-entry.ts'
import type { Entry, Verify } from '../ledger-entry.ts'
import { stepBytesOf } from '../step-bytes.ts'
import type { LaneByte } from './lane-reading.ts'
import type { LaneRules } from './lane-rules.ts'

export type LaneRefusal = 'UNKNOWN_PEER' | 'REPLAY' | 'WRONG_STEP' | 'FORK' | 'FORGED' | 'SEED_OUTSIDE_POOL'

export type LaneVerdict =
  | { readonly kind: 'counts' }
  /** It was measured at weights that are gone: nothing counts, and nobody is to blame. */
  | { readonly kind: 'late', readonly reason: string }
  /** It was measured at weights that this peer is far from, as one that fell behind is: nothing counts, and nobody is to blame. */
  | { readonly kind: 'early', readonly reason: string }
  | { readonly kind: 'refused', readonly code: LaneRefusal, readonly reason: string }

/** A first-order peer may be a round behind the one that a scalar peer has its φ from; what is further ahead is not held for it. */
const MOST_AHEAD = 2

/** How far one scalar peer's chain was heard. Links before may be missing: what they said is late, and nothing hangs on it. */
interface Heard {
  readonly nextStep: number
  readonly hash: Uint8Array
}

/**
 * The bytes of scalar peers about one φ, and about the next. An entry's steps name the φ: those of version v lie in v · scalars … (v + 1) · scalars − 1. Bytes about an
 * older φ are dropped, not aged: its outer step has been taken since, and no later one begins where they point from.
 */
export class LaneIntake {
  readonly #rules: LaneRules
  readonly #verify: Verify
  readonly #heard = new Map<string, Heard>()
  /** By version, then by peer. */
  readonly #entries = new Map<number, Map<string, Entry[]>>()
  #version = 0

  constructor (rules: LaneRules, verify: Verify) {
    this.#rules = rules
    this.#verify = verify
  }

  /** Goes on to another φ; what was said about earlier ones is forgotten. */
  begin (version: number): void {
    this.#version = version
    for (const held of this.#entries.keys()) if (held < version) this.#entries.delete(held)
  }

  /** Judges an entry that somebody sent; only what counts changes anything. */
  admit (from: string, entry: Entry): LaneVerdict {
    const version = Math.floor(entry.firstStep / this.#rules.scalars)
    const verdict = this.#misfit(from, entry, version) ?? this.#contradiction(entry)
    if (verdict !== undefined) return verdict
    if (!isSigned(entry, this.#rules.runId, this.#verify)) return refused('FORGED', `entry ${entry.index} is not signed by peer ${shortKey(entry.peer)}`)
    this.#heard.set(entry.peer, { nextStep: lastStepOf(entry) + 1, hash: hashEntry(entry) })
    const ofVersion = this.#entries.get(version) ?? new Map<string, Entry[]>()
    this.#entries.set(version, ofVersion.set(entry.peer, [...ofVersion.get(entry.peer) ?? [], entry]))
    return { kind: 'counts' }
  }

  /** What was said about this φ so far, in no order that means anything. */
  bytes (): LaneByte[] {
    return this.#current().flatMap(([, entries]) => entries.flatMap(entry => stepBytesOf(entry, this.#rules.runId)))
  }

  /** Who said it. */
  authors (): string[] {
    return this.#current().map(([peer]) => peer)
  }

  #current (): Array<[string, Entry[]]> {
    return [...this.#entries.get(this.#version) ?? []]
  }

  #misfit (from: string, { peer, firstStep, levels, pool, index }: Entry, version: number): LaneVerdict | undefined {
    const { scalars, peers } = this.#rules
    const name = shortKey(peer)
    if (from !== peer) return refused('UNKNOWN_PEER', `a pack of peer ${name} came from another one`)
    if (index !== firstStep) return refused('WRONG_STEP', `entry ${index} of peer ${name} begins at step ${firstStep}; in a lane an entry is named by its first step`)
    if (pool !== undefined) return refused('SEED_OUTSIDE_POOL', `entry ${index} of peer ${name} names seeds of a pool, and this run has none`)
    if (Math.floor((firstStep + levels.length - 1) / scalars) !== version) return refused('WRONG_STEP', `entry ${index} of peer ${name} is about two versions of the weights, or more than ${scalars} bytes about one`)
    if (version < this.#version) return { kind: 'late', reason: `bytes of peer ${name} are about the weights of round ${version}, and round ${this.#version} has moved them` }
    if (version > this.#version + MOST_AHEAD) return { kind: 'early', reason: `entry ${index} of peer ${name} is about the weights of round ${version}, and this peer has those of round ${this.#version}` }
    const ofVersion = this.#entries.get(version)
    if (ofVersion !== undefined && ofVersion.size >= peers && !ofVersion.has(peer)) return refused('UNKNOWN_PEER', `${peers} scalar peers are heard about these weights already`)
    return undefined
  }

  #contradiction ({ peer, index, firstStep, previous }: Entry): LaneVerdict | undefined {
    const heard = this.#heard.get(peer)
    if (heard === undefined) return undefined
    if (firstStep < heard.nextStep) return refused('REPLAY', `step ${firstStep} of peer ${shortKey(peer)} was told before`)
    const follows = firstStep > heard.nextStep || sameBytes(previous, heard.hash)
    return follows ? undefined : refused('FORK', `entry ${index} of peer ${shortKey(peer)} does not follow the one before`)
  }
}

function refused (code: LaneRefusal, reason: string): LaneVerdict {
  return { kind: 'refused', code, reason }
}

function shortKey (peer: string): string {
  return peer.slice(0, 8)
}
