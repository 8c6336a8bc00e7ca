import { checksum } from '../compression/checksum.ts'

/** Payloads remembered: those of a few dozen rounds. */
const REMEMBERED_PAYLOADS = 256
/** Shorter ones may well be alike by chance. */
const SHORTEST_TELLING_BYTES = 64
/** Two independent hashes: one alone would accuse somebody once in four billion payloads. */
const SEEDS = [0, 0x5ca1ab1e] as const

/** What contributions were sent and received lately, by their bytes: who trains never sends the same ones twice, nor those of somebody else. */
export class Repeats {
  readonly #known = new Map<string, string>()

  /** Remembers a payload; `what` says whose it was. */
  remember (payload: Uint8Array, what: string): void {
    if (payload.length < SHORTEST_TELLING_BYTES) return
    this.#known.set(keyOf(payload), what)
    const oldest = this.#known.keys().next()
    if (this.#known.size > REMEMBERED_PAYLOADS && oldest.done !== true) this.#known.delete(oldest.value)
  }

  /** What it repeats; undefined where it is new, or too short to tell. */
  find (payload: Uint8Array): string | undefined {
    return payload.length < SHORTEST_TELLING_BYTES ? undefined : this.#known.get(keyOf(payload))
  }
}

function keyOf (payload: Uint8Array): string {
  return `${payload.length} ${SEEDS.map(seed => checksum(payload, seed)).join(' ')}`
}
