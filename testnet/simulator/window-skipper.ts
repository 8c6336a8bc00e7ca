import { toldOf } from '../../src/spsa/half-loss.ts'
import { FIRST_LINK, hashEntry, signEntry } from '../../src/spsa/ledger-entry.ts'
import type { Sign } from '../../src/spsa/ledger-entry.ts'
import type { LedgerRules } from '../../src/spsa/ledger.ts'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'
import { TAG_PLACES, encodeTag, tagged } from '../../src/spsa/window-tag.ts'

export interface SkipperOptions {
  readonly peer: string
  readonly leader: string
  readonly rules: LedgerRules
  readonly sign: Sign
  readonly skips: (window: number) => boolean
  /** To everybody. */
  readonly send: (message: OneByteMessage) => void
}

/** A member that sends its pack of a window as soon as `leader` has, or leaves that window out, measures nothing and answers nobody. */
export class WindowSkipper {
  readonly #options: SkipperOptions
  #next = 0
  #previous: Uint8Array = FIRST_LINK

  constructor (options: SkipperOptions) { this.#options = options }

  get peer (): string { return this.#options.peer }

  receive (from: string, message: OneByteMessage): void {
    const { peer, leader, rules: { window, runId }, sign, skips, send } = this.#options
    if (message.kind !== 'pack' || from !== leader || skips(message.entry.firstStep / window)) return
    const own = tagged(peer)
    const nothing = Array.from({ length: window - TAG_PLACES }, () => ({ level: 0, seed: 0 }))
    const entry = signEntry({
      peer, index: this.#next++, firstStep: message.entry.firstStep, ...toldOf([...encodeTag({ weights: own, partner: own }), ...nothing], true), previous: this.#previous
    }, runId, sign)
    this.#previous = hashEntry(entry)
    send({ kind: 'pack', entry })
  }
}
