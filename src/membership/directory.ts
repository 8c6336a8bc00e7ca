/** Who has not announced anything for so long is gone, or further between its rounds than any swarm whose views turn. */
export const HEARD_WITHIN_MS = 1_200_000

/** Peers remembered of those met, and of those told of: a swarm of thousands at 200 bytes each is a megabyte. Of a larger one the rest counts for nothing. */
export const MOST_HEARD = 4_096

interface Heard {
  readonly address: string | undefined
  readonly atMs: number
  /** It did not answer there: it is not dialled before. */
  readonly avoidedUntilMs: number
}

/**
 * Who of the run was heard of late, connected or not: the size of the swarm, and where to dial those in it. Those that others only tell of may not exist: they count once this peer has itself met
 * as many as a swarm must have for its size to matter, and never push out one that was met.
 */
export class Directory {
  /** The longest unheard first, like those told of. */
  readonly #met = new Map<string, Heard>()
  readonly #told = new Map<string, Heard>()

  has (peerId: string): boolean { return this.#of(peerId) !== undefined }

  /** A peer said hello. @param address where it says it can be dialled; what it said before stands when left out */
  meet (peerId: string, address: string | undefined, nowMs: number): void {
    this.#note(this.#met, peerId, { address: address ?? this.addressOf(peerId), atMs: nowMs, avoidedUntilMs: 0 })
  }

  /** A peer announced something. @param address as in `meet` */
  hear (peerId: string, address: string | undefined, nowMs: number): void {
    const before = this.#of(peerId)
    const isElsewhere = address !== undefined && address !== before?.address
    const avoidedUntilMs = isElsewhere ? 0 : before?.avoidedUntilMs ?? 0
    this.#note(this.#met.has(peerId) ? this.#met : this.#told, peerId, { address: address ?? before?.address, atMs: nowMs, avoidedUntilMs })
  }

  /** It could not be reached, and may be there all the same: it goes on counting. */
  avoid (peerId: string, untilMs: number): void {
    for (const peers of [this.#met, this.#told]) {
      const heard = peers.get(peerId)
      if (heard !== undefined) peers.set(peerId, { ...heard, avoidedUntilMs: untilMs })
    }
  }

  /** It is gone: it counts again once it is heard. */
  forget (peerId: string): void {
    this.#met.delete(peerId)
    this.#told.delete(peerId)
  }

  addressOf (peerId: string): string | undefined { return this.#of(peerId)?.address }

  /** Ids of those that can be dialled now. */
  reachable (nowMs: number): readonly string[] {
    return [...this.#met, ...this.#told].filter(([, { address, avoidedUntilMs }]) => address !== undefined && avoidedUntilMs <= nowMs).map(([peerId]) => peerId)
  }

  /**
   * How many peers there are with `members` and this one.
   *
   * @param certain peers that must have been met before those told of count
   */
  sizeWith (members: readonly string[], certain: number): number {
    const met = this.#met.size + members.filter(peerId => !this.#met.has(peerId)).length
    return 1 + met + (met < certain ? 0 : this.#told.size - members.filter(peerId => this.#told.has(peerId)).length)
  }

  #of (peerId: string): Heard | undefined { return this.#met.get(peerId) ?? this.#told.get(peerId) }

  #note (peers: Map<string, Heard>, peerId: string, heard: Heard): void {
    this.forget(peerId)
    peers.set(peerId, heard)
    for (const each of [this.#met, this.#told]) {
      for (const [oldest, { atMs }] of each) {
        if (each.size <= MOST_HEARD && heard.atMs - atMs < HEARD_WITHIN_MS) break
        each.delete(oldest)
      }
    }
  }
}
