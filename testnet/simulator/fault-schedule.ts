import type { Fault, FaultMoment } from './simulation-scenario.ts'
import type { VirtualClock } from './virtual-clock.ts'

type ByRound = Fault & Extract<FaultMoment, { readonly afterRound: number }>
type ByState = Fault & Extract<FaultMoment, { readonly inState: string }>

export interface FaultScheduleOptions {
  readonly faults: readonly Fault[]
  readonly clock: VirtualClock
  /** Whether a peer that has ended so many rounds is in the state that a fault waits for. */
  readonly isInState: (fault: ByState) => boolean
  readonly inflict: (fault: Fault) => void
}

/** Lets every fault happen at its moment. */
export class FaultSchedule {
  readonly #options: FaultScheduleOptions
  /** Faults that wait for a round, soonest first, and for a peer's state. */
  readonly #byRound: ByRound[]
  #byState: readonly ByState[]
  #joinsToCome = 0

  constructor (options: FaultScheduleOptions) {
    const { faults } = options
    this.#options = options
    this.#byRound = faults.flatMap(fault => 'afterRound' in fault ? [fault] : []).sort((one, other) => one.afterRound - other.afterRound)
    this.#byState = faults.flatMap(fault => 'inState' in fault ? [fault] : [])
    for (const fault of faults) if ('atMs' in fault) this.#inflictIn(fault.atMs, fault)
  }

  /** Whether any that has its moment is to bring somebody. */
  get bringsMore (): boolean { return this.#joinsToCome > 0 }

  /** Somebody honest has ended a round. */
  afterRound (round: number): void {
    while ((this.#byRound[0]?.afterRound ?? Infinity) <= round) {
      const fault = this.#byRound.shift()
      // after all that this round leads to
      if (fault !== undefined) this.#inflictIn(fault.laterMs ?? 0, fault)
    }
  }

  /** After anything that happens: what waited for the state that it led to. */
  look (): void {
    if (this.#byState.length === 0) return
    const due = this.#byState.filter(fault => this.#options.isInState(fault))
    this.#byState = this.#byState.filter(fault => !due.includes(fault))
    for (const fault of due) this.#inflictIn(fault.laterMs ?? 0, fault)
  }

  #inflictIn (delayMs: number, fault: Fault): void {
    if (fault.kind === 'join') this.#joinsToCome++
    this.#options.clock.schedule(delayMs, () => {
      if (fault.kind === 'join') this.#joinsToCome--
      this.#options.inflict(fault)
    })
  }
}
