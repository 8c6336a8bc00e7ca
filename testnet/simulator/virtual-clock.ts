import type { Clock } from '../../src/ports.ts'
import { EventQueue } from './event-queue.ts'
import type { Timed } from './event-queue.ts'

interface Entry extends Timed {
  /** Whose it is, where it waits for a machine; the world's when undefined. */
  readonly machine: MachineClock | undefined
  /** Undefined once cancelled. */
  callback: Callback | undefined
}

/** What happens at a moment; work that takes real time is a promise, for which virtual time stands still. */
export type Callback = () => unknown

/** Time that passes only when asked to: a queue of callbacks ordered by (time, order of scheduling). The same schedule runs the same way every time. */
export class VirtualClock implements Clock {
  readonly #queue = new EventQueue<Entry>()
  readonly #work = new Set<Promise<unknown>>()
  #nowMs = 0
  #scheduled = 0

  nowMs (): number {
    return this.#nowMs
  }

  /** Callbacks that are to come, cancelled ones whose moment has not passed included. */
  get length (): number {
    return this.#queue.length
  }

  /** Whether work is under way that takes real time. */
  get isWaiting (): boolean {
    return this.#work.size > 0
  }

  schedule (delayMs: number, callback: Callback, machine?: MachineClock): () => void {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#scheduled++, machine, callback }
    this.#queue.add(entry)
    return () => { entry.callback = undefined }
  }

  /** Stands still until some work is done. */
  follow (work: unknown): void {
    if (!(work instanceof Promise)) return
    this.#work.add(work)
  }

  /**
   * Jumps to the next callback and runs it; false when none is left up to `limitMs`.
   *
   * @throws RangeError while work is under way that takes real time
   */
  advance (limitMs = Infinity): boolean {
    if (this.#work.size > 0) throw new RangeError('work is under way: use advanceWhenReady')
    for (;;) {
      const next = this.#queue.first
      if (next === undefined || next.atMs > limitMs) return false
      this.#queue.removeFirst()
      if (next.callback === undefined) continue
      this.#nowMs = next.atMs
      this.follow(next.machine === undefined ? next.callback() : next.machine.happen(next))
      return true
    }
  }

  /** As {@link advance}, once the work of earlier callbacks is done. Rejects with what that work threw. */
  async advanceWhenReady (limitMs = Infinity): Promise<boolean> {
    await this.ready()
    return this.advance(limitMs)
  }

  /** Resolves once no work is under way; rejects with what it threw. */
  async ready (): Promise<void> {
    while (this.#work.size > 0) {
      const work = [...this.#work]
      this.#work.clear()
      await Promise.all(work)
    }
  }
}

/** The clock of one simulated machine: what it scheduled waits while the machine is frozen and never happens once it has crashed. */
export class MachineClock implements Clock {
  readonly #world: VirtualClock
  readonly #backlog: Array<Pick<Entry, 'callback'>> = []
  #condition: 'running' | 'frozen' | 'crashed' = 'running'
  /** By how much this machine's clock is ahead. */
  #aheadMs = 0

  constructor (world: VirtualClock) {
    this.#world = world
  }

  get crashed (): boolean {
    return this.#condition === 'crashed'
  }

  /** Whether it runs and says what the world's clock says. */
  get isPlain (): boolean {
    return this.#condition === 'running' && this.#aheadMs === 0
  }

  nowMs (): number {
    return this.#world.nowMs() + this.#aheadMs
  }

  /** Time as the world has it, which a machine's own clock may be wrong about. */
  worldMs (): number {
    return this.#world.nowMs()
  }

  /** The clock says so much more from here on; what is scheduled comes after the time that it was to take. */
  jump (byMs: number): void {
    this.#aheadMs += byMs
  }

  /** The world stands still until some work of this machine is done. */
  follow (work: unknown): void {
    this.#world.follow(work)
  }

  /** Something reaches this machine now. */
  reach (callback: Callback): void {
    this.#world.follow(this.happen({ callback }))
  }

  schedule (delayMs: number, callback: Callback): () => void {
    return this.#world.schedule(delayMs, callback, this)
  }

  /** As SIGSTOP does. */
  freeze (): void {
    if (this.#condition === 'running') this.#condition = 'frozen'
  }

  /** As SIGCONT does: everything that was due happens now, in its order. */
  thaw (): void {
    if (this.#condition !== 'frozen') return
    this.#condition = 'running'
    for (const entry of this.#backlog.splice(0)) this.#world.follow(entry.callback?.())
  }

  /** As SIGKILL does. */
  crash (): void {
    this.#condition = 'crashed'
    this.#backlog.length = 0
  }

  /** Its moment has come: now, after a thaw, or never. */
  happen (entry: Pick<Entry, 'callback'>): unknown {
    if (this.#condition === 'running') return entry.callback?.()
    if (this.#condition === 'frozen') this.#backlog.push(entry)
    return undefined
  }
}
