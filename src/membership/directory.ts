/** Who has not announced anything for so long is gone, or further between its rounds than any swarm whose views turn. */
export const HEARD_WITHIN_MS = 1_200_000

/** Peers remembered: a swarm of thousands at 200 bytes each is a megabyte. Of a larger one the rest counts for nothing. */
export const MOST_HEARD = 4_096

interface Heard {
  readonly address: string | undefined
  readonly atMs: number
}

/** Who of the run was heard of late, connected or not: the size of the swarm, and where to dial those in it. */
export class Directory {
  /** The longest unheard first. */
  readonly #heard = new Map<string, Heard>()

  /** A peer announced something. @param address where it says it can be dialled; what it said before stands when left out */
  hear (peerId: string, address: string | undefined, nowMs: number): void {
    const before = this.#heard.get(peerId)
    this.#heard.delete(peerId)
    this.#heard.set(peerId, { address: address ?? before?.address, atMs: nowMs })
    for (const [oldest, { atMs }] of this.#heard) {
      if (this.#heard.size <= MOST_HEARD && nowMs - atMs < HEARD_WITHIN_MS) break
      this.#heard.delete(oldest)
    }
  }

  /** It is gone, or cannot be reached: it counts again once it is heard. */
  forget (peerId: string): void { this.#heard.delete(peerId) }

  addressOf (peerId: string): string | undefined { return this.#heard.get(peerId)?.address }

  /** Ids of those that can be dialled. */
  get reachable (): readonly string[] { return [...this.#heard].filter(([, { address }]) => address !== undefined).map(([peerId]) => peerId) }

  /** How many peers there are with `members` and this one. */
  sizeWith (members: readonly string[]): number {
    return 1 + this.#heard.size + members.filter(peerId => !this.#heard.has(peerId)).length
  }
}
