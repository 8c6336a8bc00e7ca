import type { GradientSteps, Peers, Progress, ScalarOutcome, ScalarRequest, ScalarSteps, Trainer, TrainingOutcome } from '../../src/ports.ts'

/** A training that was asked for and rests, or runs. */
interface Asked {
  /** Goes on with what rests; lets what runs come to rest. */
  readonly toggle: () => void
  /** Ends it for whoever asked. */
  readonly stop: () => void
}

/**
 * Lets a peer's training rest and go on again while everything else lives: it stays in the swarm, answers, gives its weights to joiners, and
 * tells the others that it does not train, so that nobody waits for it. It stands between the averaging and its ports; neither knows of it.
 */
export class PauseSwitch {
  readonly #nowMs: () => number
  readonly #listeners = new Set<() => void>()
  #sinceMs: number | undefined
  /** At most one, as the trainer has one thread. */
  #asked: Asked | undefined

  constructor (nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** Since when training rests, undefined while it does not. */
  get sinceMs (): number | undefined {
    return this.#sinceMs
  }

  /** Rests after the step under way; says since when. */
  pause (): number {
    if (this.#sinceMs !== undefined) return this.#sinceMs
    const sinceMs = this.#nowMs()
    this.#sinceMs = sinceMs
    this.#changed()
    return sinceMs
  }

  resume (): void {
    if (this.#sinceMs === undefined) return
    this.#sinceMs = undefined
    this.#changed()
  }

  /** Calls back at every pause and resumption. */
  onChange (listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** @param tokensPerStep what a stretch that was interrupted is credited with */
  trainer (inner: Trainer, tokensPerStep: number): Trainer {
    const train = (untilStep: number, tokensBefore: number, done: (outcome: TrainingOutcome) => void): void => {
      if (this.#sinceMs !== undefined) {
        this.#hold(() => { train(untilStep, tokensBefore, done) }, inner, done)
        return
      }
      const from = inner.step
      let isWanted = true
      this.#asked = { toggle: () => { if (this.#sinceMs !== undefined) inner.stop() }, stop: () => { isWanted = false; inner.stop() } }
      inner.train(untilStep, outcome => {
        this.#asked = undefined
        // Stopped, but not by whoever asked: it came to rest, and goes on when the pause ends.
        if (outcome.kind === 'stopped' && isWanted) train(untilStep, tokensBefore + (inner.step - from) * tokensPerStep, done)
        else done(outcome.kind === 'reached' ? { ...outcome, tokens: tokensBefore + outcome.tokens } : outcome)
      })
    }
    return {
      weights: inner.weights,
      get step () { return inner.step },
      train: (untilStep, done) => { train(untilStep, 0, done) },
      stop: () => { if (this.#asked === undefined) inner.stop(); else this.#asked.stop() },
      ...inner.gradients === undefined ? {} : { gradients: this.#gradients(inner, inner.gradients) },
      ...inner.scalars === undefined ? {} : { scalars: this.#scalars(inner, inner.scalars) },
      ...inner.packs === undefined ? {} : { packs: inner.packs }
    }
  }

  /** A gradient is computed to its end; the next one rests. */
  #gradients (inner: Trainer, gradients: GradientSteps): GradientSteps {
    const begin = (done: (outcome: TrainingOutcome) => void): void => {
      if (this.#sinceMs === undefined) gradients.compute(done)
      else this.#hold(() => { begin(done) }, inner, done)
    }
    return { gradient: gradients.gradient, compute: begin, finishStep: (options, finished) => { gradients.finishStep(options, finished) } }
  }

  /** A measurement is made to its end; the next one rests. */
  #scalars (inner: Trainer, scalars: ScalarSteps): ScalarSteps {
    const begin = (request: ScalarRequest, done: (outcome: ScalarOutcome) => void): void => {
      if (this.#sinceMs === undefined) scalars.measure(request, done)
      else this.#hold(() => { begin(request, done) }, inner, done)
    }
    return { ...scalars, measure: begin }
  }

  #hold (begin: () => void, inner: Trainer, done: (outcome: Extract<TrainingOutcome, { kind: 'stopped' }>) => void): void {
    const leave = (then: () => void) => (): void => {
      this.#asked = undefined
      then()
    }
    this.#asked = { toggle: leave(begin), stop: leave(() => { done({ kind: 'stopped', step: inner.step }) }) }
  }

  #changed (): void {
    for (const listener of this.#listeners) listener()
    this.#asked?.toggle()
  }

  /** What is announced of training is true only while nothing rests. */
  peers (inner: Peers): Peers {
    let last: Progress | undefined
    const tell = (): void => {
      if (last !== undefined) inner.announce({ ...last, training: last.training && this.#sinceMs === undefined })
    }
    this.onChange(tell)
    return {
      self: inner.self,
      present: () => inner.present(),
      ...inner.swarmSize === undefined ? {} : { swarmSize: inner.swarmSize.bind(inner) },
      openExchange: (partner, events) => inner.openExchange(partner, events),
      blame: (partner, fault, why) => { inner.blame?.(partner, fault, why) },
      onExchange: accept => { inner.onExchange(accept) },
      onChange: listener => inner.onChange(listener),
      announce: progress => {
        last = progress
        tell()
      },
      uploadBytesPerSecond: () => inner.uploadBytesPerSecond?.()
    }
  }
}
