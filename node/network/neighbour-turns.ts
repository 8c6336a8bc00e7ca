import { chooseNeighbours } from '../../src/membership/neighbours.ts'
import type { Acquaintance, Place } from '../../src/membership/neighbours.ts'
import { Allowances } from '../../protocols/wire/allowance.ts'
import { TURNING_AGAIN_MS, TURNING_RATE, TURNING_YIELD_MS } from './constants.ts'

export interface NeighbourActions {
  /** Dials a peer; false when that must wait. */
  readonly dial: (peerId: string) => boolean
  /** Takes leave of a member. */
  readonly leave: (peerId: string) => void
}

/** What a peer does for its neighbours to be those whom it chooses: a few dials at a time. Real peers turn by it and simulated ones. */
export class NeighbourTurns {
  readonly #actions: NeighbourActions
  readonly #dials = new Allowances(TURNING_RATE, 1)
  /** When a peer that is wanted may be dialled. */
  readonly #notBeforeMs = new Map<string, number>()

  constructor (actions: NeighbourActions) { this.#actions = actions }

  /** Leaves who is in the way of those who are wanted, and dials these. @returns whether anybody is wanted */
  turn (place: Place, acquaintance: Acquaintance, nowMs: number): boolean {
    const { meet, leave } = chooseNeighbours(place, acquaintance)
    for (const peerId of this.#notBeforeMs.keys()) if (!meet.includes(peerId)) this.#notBeforeMs.delete(peerId)
    for (const peerId of leave) this.#actions.leave(peerId)
    for (const peerId of meet) if (this.#isDue(place.self, peerId, nowMs) && !this.#dial(peerId, nowMs)) break
    return meet.length > 0
  }

  /** Of two that want each other the one with the smaller id dials; the other one waits, in case it cannot. */
  #isDue (self: string, peerId: string, nowMs: number): boolean {
    const dueMs = this.#notBeforeMs.get(peerId) ?? (self < peerId ? nowMs : nowMs + TURNING_YIELD_MS)
    this.#notBeforeMs.set(peerId, dueMs)
    return dueMs <= nowMs
  }

  /** False when no more may be dialled now. */
  #dial (peerId: string, nowMs: number): boolean {
    if (!this.#dials.take('', nowMs)) return false
    if (!this.#actions.dial(peerId)) {
      this.#dials.giveBack('')
      return false
    }
    this.#notBeforeMs.set(peerId, nowMs + TURNING_AGAIN_MS)
    return true
  }
}
