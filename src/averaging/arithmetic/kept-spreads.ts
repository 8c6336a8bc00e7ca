/** Nothing is known yet. */
const UNKNOWN = -1

/** How far others' vectors lie from a replica's, as past rounds showed: block by block of each fragment, a vector for each channel whose codec makes use of it. */
export class KeptSpreads {
  /** Live, by name, as checkpoints have them; -1 where nothing is known. */
  readonly vectors: Readonly<Record<string, Float32Array>>
  readonly #channels: ReadonlyArray<{ readonly vector: Float32Array, readonly ends: readonly number[] } | undefined>

  /**
   * @param blocks values that share a spread, one a channel; undefined where its codec knows none
   * @param lengths of the fragments
   */
  constructor (blocks: ReadonlyArray<number | undefined>, lengths: readonly number[]) {
    this.#channels = blocks.map(block => {
      if (block === undefined) return undefined
      let end = 0
      const ends = lengths.map(length => end += Math.ceil(length / block))
      return { vector: new Float32Array(end).fill(UNKNOWN), ends }
    })
    this.vectors = Object.fromEntries(this.#channels.flatMap((channel, index) => channel === undefined ? [] : [[`spreads${index}`, channel.vector] as const]))
  }

  /** Of a fragment, one a channel. */
  of (fragment: number): ReadonlyArray<Float32Array | undefined> {
    return this.#channels.map((_, channel) => {
      const known = this.#slice(channel, fragment)
      // a checkpoint may hold anything
      return known?.every(spread => spread >= 0 && spread < Infinity) === true ? known.slice() : undefined
    })
  }

  learn (fragment: number, spreads: ReadonlyArray<Float32Array | undefined>): void {
    spreads.forEach((learned, channel) => { if (learned !== undefined) this.#slice(channel, fragment)?.set(learned) })
  }

  /** Forgets all: the replica is another one. */
  reset (): void {
    for (const vector of Object.values(this.vectors)) vector.fill(UNKNOWN)
  }

  #slice (channel: number, fragment: number): Float32Array | undefined {
    const of = this.#channels[channel]
    return of?.vector.subarray(of.ends[fragment - 1] ?? 0, of.ends[fragment])
  }
}
