import type { PeerEvent } from '../../src/events.ts'
import type { RoundRecord } from '../../src/ports.ts'

/** What is counted over a peer's life, from what it tells. */
export class Tally {
  readonly rounds = { averaged: 0, solo: 0 }
  /** By `code` and `by`, in the order in which they first happened. */
  readonly #refusals = new Map<string, { readonly code: string, readonly by: string, count: number }>()
  joined = 0
  left = 0
  warnings = 0
  checkpoints = 0
  merges = 0
  tokens = 0
  heldOutLoss: number | undefined
  lastRound: RoundRecord | undefined
  /** The last round in which this peer encoded anything. */
  lastEncoded: RoundRecord | undefined

  take (event: PeerEvent): void {
    switch (event.type) {
      case 'round': this.#round(event.record); break
      case 'progress': this.tokens = event.tokens; break
      case 'evaluated': this.heldOutLoss = event.loss; break
      case 'peer-joined': this.joined++; break
      case 'peer-left': this.left++; break
      case 'peer-rejected': this.#refused(event.code, event.by); break
      case 'warning': this.warnings++; break
      case 'checkpoint': this.checkpoints++; break
      case 'merged': this.merges++; break
      default: break
    }
  }

  refusals (): ReadonlyArray<{ readonly code: string, readonly by: string, readonly count: number }> {
    return [...this.#refusals.values()]
  }

  #round (record: RoundRecord): void {
    this.rounds[record.outcome]++
    this.lastRound = record
    if (record.codecError !== undefined) this.lastEncoded = record
  }

  #refused (code: string, by: string): void {
    const key = `${code} ${by}`
    const found = this.#refusals.get(key)
    if (found === undefined) this.#refusals.set(key, { code, by, count: 1 })
    else found.count++
  }
}
