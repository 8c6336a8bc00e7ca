import { hashText } from '../../src/averaging/pairing-hash.ts'
import { peerIdOf } from './addresses.ts'
import { UNMET_PER_TELLER } from './constants.ts'

/** When to dial whom: pure bookkeeping over an injected time, in a deterministic order. */

/** The first retry comes after this; each failure doubles it. */
export const FIRST_RETRY_MS = 1_000

/** Entry addresses are retried forever, at most this often once they keep failing. */
export const SLOWEST_RETRY_MS = 60_000

/** While this peer still looks for company it asks more often. */
export const SLOWEST_LONELY_RETRY_MS = 8_000

/** A peer that refused us will not change its mind soon. */
export const REFUSED_RETRY_MS = 300_000

/**
 * Of two peers that hear of each other the one with the smaller id dials; the other one waits, in case it cannot. A newcomer does not wait: the others hear of it later than
 * it of them.
 */
export const YIELD_MS = 1_000

/** A peer learnt from others is given up after this many failures, half a minute; whoever meets it tells again. */
export const LEARNT_ATTEMPTS = 5

/** Peers remembered at once: what 32 members may tell, a few times over. */
export const MAXIMUM_TARGETS = 1_024

export interface DialTarget {
  /** The peer id, or the address when that names no peer. */
  readonly key: string
  readonly addresses: readonly string[]
  /** True for bootstrap and remembered addresses, which are never given up. */
  readonly entry: boolean
}

/** Peers that were found by other ways than by being told of. */
const NOBODY = ''

interface Plan extends DialTarget {
  addresses: readonly string[]
  failures: number
  /** The member that told of it first, for one that has not been met yet. */
  teller?: string | undefined
  /** Among those due at the same time, smaller first: 0 for entries, the rest in an order of this peer's own. */
  readonly order: number
  /** When to dial next; Infinity while a dial or connection is under way. */
  dueMs: number
}

export class DialPlan {
  readonly #self: string
  readonly #salt: number
  readonly #plans = new Map<string, Plan>()
  /** True while this peer has fewer neighbours than it wants. */
  lonely = true

  constructor (self: string) {
    this.#self = self
    this.#salt = hashText(self, 0)
  }

  /** An address from the invite, the config or the peer store. */
  addEntry (address: string, nowMs: number): void {
    const key = peerIdOf(address) ?? address
    if (key === this.#self) return
    const known = this.#plans.get(key)
    const addresses = [...new Set([...known?.addresses ?? [], address])]
    this.#plans.set(key, { key, addresses, entry: true, failures: 0, order: 0, dueMs: known?.dueMs ?? nowMs })
  }

  /** A peer that another one told of, or that was found; true when it was not planned for before. */
  learn (peerId: string, addresses: readonly string[], nowMs: number, teller = NOBODY): boolean {
    const known = this.#plans.get(peerId)
    if (known !== undefined) {
      if (!known.entry) known.addresses = addresses
      return false
    }
    if (peerId === this.#self || addresses.length === 0 || this.#plans.size >= MAXIMUM_TARGETS || this.#unmetOf(teller) >= UNMET_PER_TELLER) return false
    const dueMs = this.lonely || this.#self < peerId ? nowMs : nowMs + YIELD_MS
    this.#plans.set(peerId, { key: peerId, addresses, entry: false, failures: 0, order: hashText(peerId, this.#salt), dueMs, teller })
    return true
  }

  /** Targets to dial now, oldest due first, entries before others. Everyone orders the others differently: a large swarm must not besiege a few. They count as under way until their outcome is told. */
  takeDue (nowMs: number, atMost: number): readonly DialTarget[] {
    const due = [...this.#plans.values()].filter(plan => plan.dueMs <= nowMs)
    due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order || (a.key < b.key ? -1 : 1))
    const taken = due.slice(0, Math.max(0, atMost))
    for (const plan of taken) plan.dueMs = Infinity
    return taken
  }

  /** When the next target is due; Infinity when none is. */
  nextDueMs (): number {
    return Math.min(Infinity, ...[...this.#plans.values()].map(plan => plan.dueMs))
  }

  /** A connection to the peer behind `key` is open. */
  connected (key: string, peerId: string): void {
    const plan = this.#plans.get(key)
    if (plan !== undefined && key !== peerId) {
      this.#plans.delete(key)
      if (peerId !== this.#self) this.#plans.set(peerId, { ...plan, key: peerId })
    }
    const settled = this.#plans.get(peerId)
    if (settled !== undefined) settled.dueMs = Infinity
  }

  /** The peer is a member now: what went wrong before is forgotten. */
  accepted (peerId: string, addresses: readonly string[]): void {
    const plan = this.#plans.get(peerId)
    if (plan !== undefined) Object.assign(plan, { failures: 0, dueMs: Infinity, teller: undefined })
    else if (addresses.length > 0 && this.#plans.size < MAXIMUM_TARGETS) {
      this.#plans.set(peerId, { key: peerId, addresses, entry: false, failures: 0, order: hashText(peerId, this.#salt), dueMs: Infinity })
    }
  }

  /** The last connection to a peer ended. */
  lost (peerId: string, nowMs: number): void {
    // a refusal or goodbye has already set another date
    if (this.#plans.get(peerId)?.dueMs === Infinity) this.failed(peerId, nowMs)
  }

  /** A dial failed. */
  failed (key: string, nowMs: number): void {
    const plan = this.#plans.get(key)
    if (plan === undefined) return
    plan.failures++
    if (!plan.entry && plan.failures >= LEARNT_ATTEMPTS) {
      this.#plans.delete(key)
      return
    }
    const slowest = this.lonely ? SLOWEST_LONELY_RETRY_MS : SLOWEST_RETRY_MS
    plan.dueMs = nowMs + Math.min(slowest, FIRST_RETRY_MS * 2 ** (plan.failures - 1))
  }

  /** The peer and this one do not belong together. */
  refused (peerId: string, nowMs: number): void {
    this.#setAside(peerId, nowMs + REFUSED_RETRY_MS)
  }

  /** The peer left politely. */
  departed (peerId: string, nowMs: number): void {
    this.#setAside(peerId, nowMs + SLOWEST_RETRY_MS)
  }

  #unmetOf (teller: string): number {
    let unmet = 0
    for (const plan of this.#plans.values()) if (plan.teller === teller) unmet++
    return unmet
  }

  #setAside (peerId: string, dueMs: number): void {
    const plan = this.#plans.get(peerId)
    if (plan === undefined) return
    if (plan.entry) plan.dueMs = dueMs
    else this.#plans.delete(peerId)
  }
}
