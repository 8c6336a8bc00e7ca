import { afterPass, afterSilence, afterWord } from '../averaging/silences.ts'
import type { Silence } from '../averaging/silences.ts'

/** So many windows in a row that come in time make a silence forgotten: were it fewer, whoever leaves out one in as many would cost everybody a whole wait each time. */
const WORDS_TO_FORGET = 16

/** What became of the packs of a window. */
export interface WindowWait {
  /** Whose were due and came. */
  readonly came: readonly string[]
  /** Whose were due and did not. */
  readonly missing: readonly string[]
}

/**
 * Whose packs are worth a wait: whoever lets others wait in vain is waited for in ever fewer of its windows. What it sends counts like anybody's: this says how long a peer
 * waits, and never what a set of packs makes.
 */
export class WindowPatience {
  #silences: readonly Silence[] = []
  /** Of those who are remembered: windows in a row that came in time. */
  #words: ReadonlyMap<string, number> = new Map()

  isWorthIt (peer: string): boolean { return !this.#silences.some(({ peerId, passes }) => peerId === peer && passes > 0) }

  /** After a window whose wait is over. */
  after ({ came, missing }: WindowWait): void {
    const words = new Map(this.#silences.map(({ peerId }) => [peerId, missing.includes(peerId) ? 0 : (this.#words.get(peerId) ?? 0) + (came.includes(peerId) ? 1 : 0)]))
    this.#words = words
    this.#silences = missing.reduce((silences, peer) => this.isWorthIt(peer) ? afterSilence(silences, peer) : afterPass(silences, peer), this.#silences)
    this.#silences = afterWord(this.#silences, came.filter(peer => (words.get(peer) ?? 0) >= WORDS_TO_FORGET))
  }
}
