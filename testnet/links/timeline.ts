import { performance } from 'node:perf_hooks'

interface Entry {
  readonly atMs: number
  readonly callback: () => void
}

/**
 * Callbacks in order of their moments, in real time. A timer of the system comes late, the more so on a busy machine; while a callback
 * runs, `nowMs` is the moment it was meant for, so that what follows from it is not late as well.
 */
export class Timeline {
  /** The next one last. */
  readonly #entries: Entry[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #meantMs: number | undefined
  #closed = false

  nowMs (): number {
    return this.#meantMs ?? performance.now()
  }

  at (atMs: number, callback: () => void): void {
    if (this.#closed) return
    this.#entries.splice(this.#placeOf(atMs), 0, { atMs, callback })
    if (this.#meantMs === undefined) this.#arm()
  }

  after (delayMs: number, callback: () => void): void {
    this.at(this.nowMs() + delayMs, callback)
  }

  close (): void {
    this.#closed = true
    this.#entries.length = 0
    clearTimeout(this.#timer)
  }

  /** Before those that are due earlier, and before those of the same moment that were there first. */
  #placeOf (atMs: number): number {
    let [low, high] = [0, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#entries[middle] as Entry).atMs > atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  #arm (): void {
    clearTimeout(this.#timer)
    const next = this.#entries.at(-1)
    if (next !== undefined) this.#timer = setTimeout(() => { this.#run() }, Math.max(0, next.atMs - performance.now()))
  }

  #run (): void {
    for (let next = this.#entries.at(-1); next !== undefined && next.atMs <= performance.now(); next = this.#entries.at(-1)) {
      this.#entries.pop()
      this.#meantMs = next.atMs
      try { next.callback() } finally { this.#meantMs = undefined }
    }
    this.#arm()
  }
}
