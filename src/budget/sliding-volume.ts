/** Slots of a window: what leaves is known to a sixtieth of it, and counted as if it had left at the slot's end. */
const SLOTS = 60

/** What left within the last window, in constant memory. */
export class SlidingVolume {
  readonly #slotMs: number
  readonly #slots = new Float64Array(SLOTS + 1)
  #newestSlot = -Infinity
  #total = 0

  constructor (windowSeconds: number) {
    this.#slotMs = 1000 * windowSeconds / SLOTS
  }

  /** Tells how much has left so far in all, a count that never falls. */
  observe (nowMs: number, totalBytes: number): void {
    this.#advance(nowMs)
    const place = this.#place(this.#newestSlot)
    this.#slots[place] = (this.#slots[place] ?? 0) + Math.max(0, totalBytes - this.#total)
    this.#total = Math.max(this.#total, totalBytes)
  }

  /** Bytes of the last window and the slot under way; never less than what truly left within the window. */
  within (nowMs: number): number {
    const oldest = Math.floor(nowMs / this.#slotMs) - SLOTS
    let bytes = 0
    for (let slot = Math.max(oldest, this.#newestSlot - SLOTS); slot <= this.#newestSlot; slot++) bytes += this.#bytesOf(slot)
    return bytes
  }

  /** Milliseconds until at most `bytes` lie within the window, if nothing more leaves. */
  msUntilAtMost (nowMs: number, bytes: number): number {
    let left = this.within(nowMs)
    for (let slot = Math.floor(nowMs / this.#slotMs) - SLOTS; left > bytes && slot <= this.#newestSlot; slot++) {
      left -= this.#bytesOf(slot)
      if (left <= bytes) return (slot + SLOTS + 1) * this.#slotMs - nowMs
    }
    return left <= bytes ? 0 : Infinity
  }

  #bytesOf (slot: number): number {
    return slot < this.#newestSlot - SLOTS ? 0 : this.#slots[this.#place(slot)] ?? 0
  }

  #advance (nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs)
    for (let passed = Math.max(this.#newestSlot + 1, slot - SLOTS); passed <= slot; passed++) this.#slots[this.#place(passed)] = 0
    this.#newestSlot = Math.max(this.#newestSlot, slot)
  }

  #place (slot: number): number {
    return (slot % this.#slots.length + this.#slots.length) % this.#slots.length
  }
}
