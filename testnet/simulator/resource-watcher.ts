import type { Scenario } from './simulation-scenario.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** A peer has a round with its group, others who ask it for theirs, and what breaks meanwhile; a group is at most a neighbourhood. */
const EXCHANGES_A_PEER = 130
/** A deadline, a stretch of training, messages on their way, announcements to those who know it. */
const EVENTS_A_PEER = 600
/** A promise is kept over any window of its own length; the last message of it may be under way. */
const TOLERANCE_BYTES = 4096

type Watched = Pick<Scenario, 'peers' | 'promises'>

/** Watches what a swarm takes of the world: exchanges that stay open and callbacks that pile up are leaks, and uplinks keep what they promise. */
export class ResourceWatcher {
  readonly violations: string[] = []
  readonly #scenario: Watched
  readonly #clock: VirtualClock
  readonly #network: VirtualNetwork
  /** By peer: what had left it when, over the window of its promise. */
  readonly #sent = new Map<number, Array<{ readonly atMs: number, readonly bytes: number }>>()

  constructor (scenario: Watched, clock: VirtualClock, network: VirtualNetwork) {
    this.#scenario = scenario
    this.#clock = clock
    this.#network = network
  }

  afterRound (id: string, index: number): void {
    const { peers } = this.#scenario
    const { openExchanges } = this.#network
    if (openExchanges > EXCHANGES_A_PEER * peers) this.#violation(`${openExchanges} exchanges are open among ${peers} peers`)
    if (this.#clock.length > EVENTS_A_PEER * peers) this.#violation(`${this.#clock.length} callbacks wait for ${peers} peers`)
    this.#checkPromise(id, index)
  }

  /** Between two rounds a promise is watched from outside, by what the uplink carried. */
  #checkPromise (id: string, index: number): void {
    const promise = this.#scenario.promises?.[index]
    if (promise === undefined) return
    const nowMs = this.#clock.nowMs()
    const sent = this.#sent.get(index) ?? []
    this.#sent.set(index, sent)
    sent.push({ atMs: nowMs, bytes: this.#network.sentBytes(id) })
    while (sent.length > 1 && nowMs - (sent[1]?.atMs ?? 0) >= 1000 * promise.windowSeconds) sent.shift()
    const oldest = sent[0]
    if (oldest === undefined || nowMs - oldest.atMs > 1000 * promise.windowSeconds) return
    const bytes = this.#network.sentBytes(id) - oldest.bytes
    const most = promise.bytesPerSecond * promise.windowSeconds + TOLERANCE_BYTES
    if (bytes > most) this.#violation(`${id} sent ${bytes} bytes in ${promise.windowSeconds} s and promised ${Math.floor(most)}`)
  }

  #violation (sentence: string): void {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(sentence)
  }
}

/** A leak is told a few times, not at every round. */
const MOST_VIOLATIONS = 20
