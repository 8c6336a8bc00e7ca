/** What happens, told the time at which it is its turn. */
export type Happening<Event> = (nowMs: number) => Event

export interface TurnsOptions<Event, Effect> {
  readonly nowMs: () => number
  /** What an event leads to. */
  readonly step: (event: Event) => readonly Effect[]
  /** Carries one effect out; it may ask for a pause. */
  readonly perform: (effect: Effect) => void
  /** Told when the effects of an event are through. */
  readonly settled: () => void
  /** Makes an event of what an effect threw; the effects behind it are left. */
  readonly failed: (thrown: unknown) => Happening<Event>
}

/**
 * One thing after the other: an event, its effects, the next event. While an effect is worked on elsewhere everything else waits for its turn, so that whoever
 * decides sees the same order of things wherever the work is done.
 */
export class Turns<Event, Effect> {
  readonly #options: TurnsOptions<Event, Effect>
  readonly #errands: Array<() => void> = []
  readonly #effects: Effect[] = []
  readonly #events: Array<Happening<Event>> = []
  #isBusy = false
  #isPaused = false
  #isUnsettled = false

  constructor (options: TurnsOptions<Event, Effect>) {
    this.#options = options
  }

  /** Something happens; it has its turn behind whatever happened before. */
  happen (event: Happening<Event>): void {
    this.#events.push(event)
    this.#goOn()
  }

  /** What an effect led to: it comes before whatever else waits. */
  answer (event: Happening<Event>): void {
    this.#events.unshift(event)
  }

  /** Does something between two effects, ahead of those that wait. */
  between (errand: () => void): void {
    this.#errands.push(errand)
    this.#goOn()
  }

  /**
   * Everything waits until the function that this returns is called, once, with what to do first.
   *
   * @throws RangeError when something else is waited for already
   */
  pause (): (work: () => void) => void {
    if (this.#isPaused) throw new RangeError('two things are waited for')
    this.#isPaused = true
    return work => {
      this.#isPaused = false
      this.#guard(work, undefined)
      this.#goOn()
    }
  }

  #goOn (): void {
    if (this.#isBusy) return
    this.#isBusy = true
    while (!this.#isPaused && this.#next());
    this.#isBusy = false
  }

  /** @returns whether there was anything to do */
  #next (): boolean {
    const errand = this.#errands.shift()
    if (errand !== undefined) {
      this.#guard(errand, undefined)
      return true
    }
    if (this.#effects.length > 0) {
      this.#guard(this.#options.perform, this.#effects.shift() as Effect)
      return true
    }
    this.#settle()
    const event = this.#events.shift()
    if (event === undefined) return false
    this.#guard(this.#react, event)
    return true
  }

  readonly #react = (event: Happening<Event>): void => {
    this.#isUnsettled = true
    for (const effect of this.#options.step(event(this.#options.nowMs()))) this.#effects.push(effect)
  }

  #settle (): void {
    if (this.#isUnsettled) this.#options.settled()
    this.#isUnsettled = false
  }

  #guard<Subject> (work: (subject: Subject) => void, subject: Subject): void {
    try {
      work(subject)
    } catch (thrown) {
      this.#effects.length = 0
      this.answer(this.#options.failed(thrown))
    }
  }
}
