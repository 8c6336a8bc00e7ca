/** Something that is to happen at a moment of virtual time. */
export interface Timed {
  readonly atMs: number
  /** Breaks ties: what was put in first comes first. */
  readonly sequence: number
}

/** Width of a day. A swarm of ten thousand has dozens of events in each, so that one costs a push and a share of a short sort; a small one has days to itself. */
const DAY_MS = 1
/** Events of the day that are over and still held: moving the others up costs as much as they are many. */
const KEPT_BEHIND = 1024

/**
 * A calendar (Brown, "Calendar queues", CACM 1988) of days that are put in order as they come. One heap of all that waits would be hundreds of thousands deep in a large swarm, and
 * every look at it a miss in the processor's caches.
 */
export class EventQueue<Item extends Timed> {
  /** By day, in order of coming. */
  readonly #days = new Map<number, Item[]>()
  /** The days that have events, as a heap. */
  readonly #dates: number[] = []
  /** Those of the day under way that are still to come begin at `#next`; in order. */
  #today: Item[] = []
  #next = 0
  #date = -Infinity
  #length = 0

  get length (): number { return this.#length }

  /** The soonest. */
  get first (): Item | undefined {
    if (this.#next === this.#today.length) this.#turn()
    return this.#today[this.#next]
  }

  removeFirst (): void {
    if (this.first === undefined) return
    this.#next++
    this.#length--
    if (this.#next < KEPT_BEHIND || 2 * this.#next < this.#today.length) return
    this.#today.splice(0, this.#next)
    this.#next = 0
  }

  /** @param item later in sequence than all before */
  add (item: Item): void {
    this.#length++
    const date = Math.floor(item.atMs / DAY_MS)
    if (date <= this.#date) {
      this.#today.splice(this.#placeOf(item.atMs), 0, item)
      return
    }
    const day = this.#days.get(date)
    if (day !== undefined) { day.push(item); return }
    this.#days.set(date, [item])
    this.#addDate(date)
  }

  /** Goes on to the next day that has events. */
  #turn (): void {
    const date = this.#takeDate()
    if (date === undefined) return
    this.#date = date
    this.#today = this.#days.get(date) ?? []
    this.#days.delete(date)
    this.#next = 0
    this.#today.sort(inOrder)
  }

  /** Behind all that come at the same moment. */
  #placeOf (atMs: number): number {
    let [low, high] = [this.#next, this.#today.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#today[middle] as Item).atMs <= atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  #addDate (date: number): void {
    const dates = this.#dates
    let index = dates.push(date) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = dates[parent] as number
      if (above <= date) break
      dates[index] = above
      index = parent
    }
    dates[index] = date
  }

  #takeDate (): number | undefined {
    const dates = this.#dates
    const [first] = dates
    const last = dates.pop()
    if (last === undefined || dates.length === 0) return first
    let index = 0
    for (let child = 1; child < dates.length; child = 2 * index + 1) {
      if (child + 1 < dates.length && (dates[child + 1] as number) < (dates[child] as number)) child++
      if (last <= (dates[child] as number)) break
      dates[index] = dates[child] as number
      index = child
    }
    dates[index] = last
    return first
  }
}

function inOrder (one: Timed, other: Timed): number {
  return one.atMs - other.atMs || one.sequence - other.sequence
}
