import type { Clock } from '../../src/ports.ts'

interface Entry {
  readonly atMs: number
  /** Breaks ties: what was scheduled first happens first. */
  readonly sequence: number
  callback: (() => void) | undefined
}

/** Time that passes only when asked to: a queue of callbacks ordered by (time, order of scheduling). The same schedule runs the same way every time. */
export class VirtualClock implements Clock {
  readonly #heap: Entry[] = []
  #nowMs = 0
  #scheduled = 0

  nowMs (): number {
    return this.#nowMs
  }

  schedule (delayMs: number, callback: () => void): () => void {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#scheduled++, callback }
    this.#heap.push(entry)
    this.#siftUp(this.#heap.length - 1)
    return () => { entry.callback = undefined }
  }

  /** Jumps to the next callback and runs it; false when none is left up to `limitMs`. */
  advance (limitMs = Infinity): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > limitMs) return false
      this.#removeFirst()
      if (next.callback === undefined) continue
      this.#nowMs = next.atMs
      next.callback()
      return true
    }
  }

  #removeFirst (): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#siftDown()
  }

  #siftUp (start: number): void {
    const heap = this.#heap
    const entry = heap[start] as Entry
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Entry
      if (comesBefore(above, entry)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #siftDown (): void {
    const heap = this.#heap
    const entry = heap[0] as Entry
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      const [left, right] = [heap[child] as Entry, heap[child + 1]]
      const [smaller, at] = right !== undefined && comesBefore(right, left) ? [right, child + 1] : [left, child]
      if (comesBefore(entry, smaller)) break
      heap[index] = smaller
      index = at
    }
    heap[index] = entry
  }
}

function comesBefore (one: Entry, other: Entry): boolean {
  return one.atMs !== other.atMs ? one.atMs < other.atMs : one.sequence < other.sequence
}

/** The clock of one simulated machine: what it scheduled waits while the machine is frozen and never happens once it has crashed. */
export class MachineClock implements Clock {
  readonly #world: Clock
  readonly #backlog: Array<() => void> = []
  #condition: 'running' | 'frozen' | 'crashed' = 'running'

  constructor (world: Clock) {
    this.#world = world
  }

  get crashed (): boolean {
    return this.#condition === 'crashed'
  }

  nowMs (): number {
    return this.#world.nowMs()
  }

  schedule (delayMs: number, callback: () => void): () => void {
    let cancelled = false
    const happen = (): void => { if (!cancelled) callback() }
    const cancel = this.#world.schedule(delayMs, () => { this.#happen(happen) })
    return () => {
      cancelled = true
      cancel()
    }
  }

  /** As SIGSTOP does. */
  freeze (): void {
    if (this.#condition === 'running') this.#condition = 'frozen'
  }

  /** As SIGCONT does: everything that was due happens now, in its order. */
  thaw (): void {
    if (this.#condition !== 'frozen') return
    this.#condition = 'running'
    for (const callback of this.#backlog.splice(0)) callback()
  }

  /** As SIGKILL does. */
  crash (): void {
    this.#condition = 'crashed'
    this.#backlog.length = 0
  }

  #happen (callback: () => void): void {
    if (this.#condition === 'running') callback()
    else if (this.#condition === 'frozen') this.#backlog.push(callback)
  }
}
