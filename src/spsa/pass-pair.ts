import type { Clock, ScalarOutcome, ScalarRequest, ScalarSteps } from '../ports.ts'

/** Half of a measurement: one loss a direction, at θ + ε·z or at θ − ε·z. */
export interface HalfMeasurement {
  readonly step: number
  readonly side: 'above' | 'below'
  readonly losses: readonly number[]
}

export interface PassPairPorts {
  readonly clock: Clock
  /** This peer's own passes. */
  readonly measure: ScalarSteps['measure']
  /** To the partner, who measures the same directions on the same batch at the same weights. */
  readonly send: (half: HalfMeasurement) => void
  /** Why a step went the way it did, in a sentence. */
  readonly report: (reason: string) => void
}

/**
 * Perturbation parallelism (DistZO2, arXiv 2507.03211): one of two peers runs the passes above, the other those below, and each sends its losses, so that a step
 * takes the time of one pass. Where the partner's half does not come in time this peer runs it itself: a pair is never slower than
 * a peer alone by more than the patience.
 */
export class PassPair {
  readonly #side: 'above' | 'below'
  readonly #patienceMs: number
  readonly #ports: PassPairPorts
  /** Halves that came before they were needed, by step; the partner is at most one step ahead. */
  readonly #early = new Map<number, HalfMeasurement>()
  #waiting: { readonly step: number, readonly directions: number, readonly take: (half: HalfMeasurement) => void } | undefined

  constructor (side: 'above' | 'below', patienceMs: number, ports: PassPairPorts) {
    this.#side = side
    this.#patienceMs = patienceMs
    this.#ports = ports
  }

  /** Both losses of each direction, as `ScalarSteps.measure`. */
  measure (request: ScalarRequest, done: (outcome: ScalarOutcome) => void): void {
    this.#ports.measure({ ...request, side: this.#side }, own => {
      if (own.kind !== 'measured') { done(own); return }
      const losses = own.losses.map(loss => loss[this.#side])
      this.#ports.send({ step: request.step, side: this.#side, losses })
      this.#awaitOther(request, other => {
        done({ kind: 'measured', tokens: own.tokens, losses: losses.map((loss, index) => this.#side === 'above' ? { above: loss, below: other[index] ?? NaN } : { above: other[index] ?? NaN, below: loss }) })
      }, done)
    })
  }

  #awaitOther (request: ScalarRequest, found: (losses: readonly number[]) => void, failed: (outcome: ScalarOutcome) => void): void {
    const early = this.#early.get(request.step)
    for (const step of this.#early.keys()) if (step <= request.step) this.#early.delete(step)
    if (early?.losses.length === request.directions.length) { found(early.losses); return }
    const cancel = this.#ports.clock.schedule(this.#patienceMs, () => {
      this.#waiting = undefined
      this.#ports.report(`runs both sides of step ${request.step} itself: the partner's did not come within ${this.#patienceMs} ms`)
      this.#runOther(request, found, failed)
    })
    this.#waiting = { step: request.step, directions: request.directions.length, take: half => {
      cancel()
      this.#waiting = undefined
      found(half.losses)
    } }
  }

  #runOther (request: ScalarRequest, found: (losses: readonly number[]) => void, failed: (outcome: ScalarOutcome) => void): void {
    const side = this.#side === 'above' ? 'below' : 'above'
    this.#ports.measure({ ...request, side }, outcome => {
      if (outcome.kind === 'measured') found(outcome.losses.map(loss => loss[side]))
      else failed(outcome)
    })
  }

  /** What the partner sent. Halves of this peer's own side, of other steps than this and the next, or of another number of directions say nothing. */
  receive (half: HalfMeasurement): void {
    if (half.side === this.#side) return
    const waiting = this.#waiting
    if (waiting === undefined) {
      this.#early.clear()
      this.#early.set(half.step, half)
    } else if (half.step === waiting.step && half.losses.length === waiting.directions) {
      waiting.take(half)
    }
  }
}
