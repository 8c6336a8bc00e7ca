import type { Progress } from '../../src/ports.ts'
import { Directory } from '../../src/membership/directory.ts'
import { LARGEST_NEIGHBOURHOOD } from '../../src/membership/partial-view.ts'
import { Allowances } from '../../protocols/wire/allowance.ts'
import { announcedAddress } from './addresses.ts'
import { DIALLED_MEMBERS, KEPT_MEMBERS, MAXIMUM_MEMBERS, MET_OF_NEIGHBOURHOOD, NEWCOMER_RATE, TURNING_AGAIN_MS, TURNING_CHECK_MS } from './constants.ts'
import type { DialEnd } from './dialer.ts'
import { NeighbourTurns } from './neighbour-turns.ts'

/** What the neighbourhoods of a run's partial views are drawn by. */
export interface TurningTerms {
  /** The run's. */
  readonly seed: number
  /** Members of a neighbourhood, and of those that a peer keeps; of matching and of constants.ts when left out. */
  readonly largest?: number
  readonly room?: number
}

export interface TurningOptions {
  readonly self: string
  readonly terms: TurningTerms
  readonly members: () => readonly string[]
  /** Where this peer can be dialled. */
  readonly addresses: () => readonly string[]
  /** Of the next round of this peer. */
  readonly round: () => number
  /** Whether anything of ours is under way with a member. */
  readonly isBusy: (peerId: string) => boolean
  /** Dials a peer; false when that must wait. */
  readonly dial: (peerId: string, address: string) => boolean
  /** Takes leave of a member. */
  readonly leave: (peerId: string) => void
  readonly nowMs: () => number
}

/** Lets a peer's neighbours follow the partial views that matching draws, where a swarm is too large to be known whole: a few dials at a time. */
export class Turning {
  readonly directory = new Directory()
  readonly #options: TurningOptions
  readonly #largest: number
  readonly #turns: NeighbourTurns
  readonly #newcomers = new Allowances(NEWCOMER_RATE, MAXIMUM_MEMBERS)
  readonly #timer: ReturnType<typeof setInterval>

  constructor (options: TurningOptions) {
    this.#options = options
    this.#largest = options.terms.largest ?? LARGEST_NEIGHBOURHOOD
    this.#turns = new NeighbourTurns({ dial: peerId => this.#dial(peerId), leave: options.leave })
    this.#timer = setInterval(() => { this.look() }, TURNING_CHECK_MS)
  }

  /** Peers of the run, as far as they were met, and heard of. */
  get swarmSize (): number { return this.directory.sizeWith(this.#options.members(), MET_OF_NEIGHBOURHOOD * this.#largest) }

  /** Whether there are more than introductions make known to everyone: then announcements say where a peer is dialled. */
  get isLarge (): boolean { return this.swarmSize > Math.min(DIALLED_MEMBERS, this.#largest) }

  /** Told beside progress where peers know a part of each other alone. */
  get whereabouts (): Pick<Progress, 'address'> {
    return this.isLarge ? { address: announcedAddress(this.#options.addresses()) } : {}
  }

  /** A member said hello. @param addresses those that can be dialled of what it said, none where it said nothing of them */
  met (peerId: string, addresses: readonly string[]): void { this.directory.meet(peerId, announcedAddress(addresses), this.#options.nowMs()) }

  /** A peer announced something, which a neighbour passed on. @param addresses as in `met` @returns whether there is one more than was known */
  heard (peerId: string, addresses: readonly string[], neighbour: string): boolean {
    const nowMs = this.#options.nowMs()
    const isKnown = this.directory.has(peerId)
    if (!isKnown && !this.#newcomers.take(neighbour, nowMs)) return false
    this.directory.hear(peerId, announcedAddress(addresses), nowMs)
    return !isKnown
  }

  /** A dial has ended. */
  dialled (peerId: string, end: DialEnd): void {
    if (end === 'failed') this.directory.avoid(peerId, this.#options.nowMs() + TURNING_AGAIN_MS)
    this.look()
  }

  stop (): void { clearInterval(this.#timer) }

  /** Dials who is wanted and leaves who is in their way. */
  look (): void {
    const { self, terms, members, round, isBusy, nowMs } = this.#options
    if (!this.isLarge) return
    this.#turns.turn(
      { self, round: round(), seed: terms.seed, swarmSize: this.swarmSize, largest: this.#largest },
      { here: members(), heard: this.directory.reachable(nowMs()), isBusy, room: terms.room ?? KEPT_MEMBERS }, nowMs()
    )
  }

  #dial (peerId: string): boolean {
    const address = this.directory.addressOf(peerId)
    return address !== undefined && this.#options.dial(peerId, address)
  }
}
