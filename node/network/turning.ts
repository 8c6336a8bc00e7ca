import type { Progress } from '../../src/ports.ts'
import { Directory } from '../../src/membership/directory.ts'
import { chooseNeighbours } from '../../src/membership/neighbours.ts'
import { LARGEST_NEIGHBOURHOOD } from '../../src/membership/partial-view.ts'
import { Allowances } from '../../protocols/wire/allowance.ts'
import { announcedAddress } from './addresses.ts'
import { DIALLED_MEMBERS, KEPT_MEMBERS, MAXIMUM_MEMBERS, MET_OF_NEIGHBOURHOOD, NEWCOMER_RATE, TURNING_AGAIN_MS, TURNING_CHECK_MS, TURNING_RATE, TURNING_YIELD_MS } from './constants.ts'
import type { DialEnd } from './dialer.ts'

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
  readonly #dials = new Allowances(TURNING_RATE, 1)
  readonly #newcomers = new Allowances(NEWCOMER_RATE, MAXIMUM_MEMBERS)
  /** When a peer that is wanted may be dialled. */
  readonly #notBeforeMs = new Map<string, number>()
  readonly #timer: ReturnType<typeof setInterval>

  constructor (options: TurningOptions) {
    this.#options = options
    this.#largest = options.terms.largest ?? LARGEST_NEIGHBOURHOOD
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
    const { self, terms, members, round, isBusy, leave } = this.#options
    if (!this.isLarge) return
    const choice = chooseNeighbours(
      { self, round: round(), seed: terms.seed, swarmSize: this.swarmSize, largest: this.#largest },
      { here: members(), heard: this.directory.reachable(this.#options.nowMs()), isBusy, room: terms.room ?? KEPT_MEMBERS }
    )
    for (const peerId of this.#notBeforeMs.keys()) if (!choice.meet.includes(peerId)) this.#notBeforeMs.delete(peerId)
    for (const peerId of choice.leave) leave(peerId)
    for (const peerId of choice.meet) if (this.#isDue(peerId) && !this.#dial(peerId)) return
  }

  /** Of two that want each other the one with the smaller id dials; the other one waits, in case it cannot. */
  #isDue (peerId: string): boolean {
    const nowMs = this.#options.nowMs()
    const dueMs = this.#notBeforeMs.get(peerId) ?? (this.#options.self < peerId ? nowMs : nowMs + TURNING_YIELD_MS)
    this.#notBeforeMs.set(peerId, dueMs)
    return dueMs <= nowMs
  }

  /** False when no more may be dialled now. */
  #dial (peerId: string): boolean {
    const { nowMs, dial } = this.#options
    const address = this.directory.addressOf(peerId)
    if (address === undefined) return true
    if (!this.#dials.take('', nowMs())) return false
    if (!dial(peerId, address)) {
      this.#dials.giveBack('')
      return false
    }
    this.#notBeforeMs.set(peerId, nowMs() + TURNING_AGAIN_MS)
    return true
  }
}
