/** Long enough to hold a round's burst and the quiet after it, short enough to follow. */
const WINDOW_MS = 10_000
const MS_PER_SECOND = 1000

interface Sample {
  readonly atMs: number
  readonly sent: number
  readonly received: number
}

/** Bytes a second over the last seconds, from running totals that are looked at now and then. */
export class RateWindow {
  readonly #samples: Sample[] = []

  /** @param sample totals so far, by a clock that only goes on */
  add (sample: Sample): void {
    this.#samples.push(sample)
    // The last one before the window stays, to measure from.
    while ((this.#samples[1]?.atMs ?? Infinity) <= sample.atMs - WINDOW_MS) this.#samples.shift()
  }

  rate (): { readonly sentPerSecond: number, readonly receivedPerSecond: number } {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    const seconds = ((last?.atMs ?? 0) - (first?.atMs ?? 0)) / MS_PER_SECOND
    if (first === undefined || last === undefined || seconds <= 0) return { sentPerSecond: 0, receivedPerSecond: 0 }
    return { sentPerSecond: (last.sent - first.sent) / seconds, receivedPerSecond: (last.received - first.received) / seconds }
  }
}
