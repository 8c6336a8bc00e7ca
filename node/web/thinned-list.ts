/**
 * Remembers a course of any length in little room: whenever it is full, every second item goes. What stays is spread evenly over the whole
 * course, and the newest item is always there.
 */
export class ThinnedList<T> {
  readonly #capacity: number
  #kept: T[] = []
  /** Items from one that is kept to the next. */
  #stride = 1
  #seen = 0
  #newest: T[] = []

  /** @param capacity from 2; the newest item may stand beyond */
  constructor (capacity: number) {
    this.#capacity = capacity
  }

  get items (): readonly T[] {
    return [...this.#kept, ...this.#newest]
  }

  push (item: T): void {
    const isKept = this.#seen++ % this.#stride === 0
    this.#newest = isKept ? [] : [item]
    if (!isKept) return
    if (this.#kept.length === this.#capacity) {
      this.#kept = this.#kept.filter((_, index) => index % 2 === 0)
      this.#stride *= 2
      // It would stand where the wider stride has no place.
      if ((this.#seen - 1) % this.#stride !== 0) {
        this.#newest = [item]
        return
      }
    }
    this.#kept.push(item)
  }
}
