/** What a queue orders: its count may change while it is queued. */
export interface Counted {
  readonly key: number
  count: number
  /** Highest count under which it is queued; 0 when it is not. */
  queued: number
}

interface Entry<Item> {
  readonly item: Item
  readonly count: number
}

/**
 * Items by their counts, the highest first, of equal ones that of the lowest key: a binary heap that is brought up to date
 * lazily. An item whose count fell is put back when its turn comes; one whose count rose must be offered again.
 */
export class PairQueue<Item extends Counted> {
  readonly #heap: Array<Entry<Item>> = []

  /** Queues an item, unless it is under a count as high. */
  offer (item: Item): void {
    if (item.count <= item.queued) return
    item.queued = item.count
    this.#push({ item, count: item.count })
  }

  /** Takes the first item of a count that is at least `fewest`. */
  take (fewest: number): Item | undefined {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      const { item, count } = entry
      // An older entry of an item that was offered again.
      if (count !== item.queued) continue
      item.queued = 0
      if (item.count === count && count >= fewest) return item
      if (item.count >= fewest) this.offer(item)
    }
    return undefined
  }

  #push (entry: Entry<Item>): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  #pop (): Entry<Item> | undefined {
    const heap = this.#heap
    if (heap.length > 1) this.#swap(0, heap.length - 1)
    const first = heap.pop()
    for (let at = 0; ;) {
      let best = at
      for (const below of [2 * at + 1, 2 * at + 2]) if (below < heap.length && this.#isBefore(below, best)) best = below
      if (best === at) return first
      this.#swap(at, best)
      at = best
    }
  }

  #isBefore (one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return false
    return a.count > b.count || (a.count === b.count && a.item.key < b.item.key)
  }

  #swap (one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return
    this.#heap[one] = b
    this.#heap[other] = a
  }
}
