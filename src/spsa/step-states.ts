import { fingerprintOf } from './ledger.ts'
import type { Ledger } from './ledger.ts'

/** What a peer has at a step: which bytes lie before it, and the weights that they make. */
export interface StepState {
  readonly step: number
  readonly fingerprint: string
  readonly modelHash: string
}

/** This peer's, with the clipping limit that the bytes leave. */
export interface OwnState extends StepState {
  readonly limit: number
}

/** What the states of a peer are made of. */
export interface StateSource {
  readonly ledger: Ledger
  /** Whether the weights follow all that the ledger has before a step: only then do a fingerprint and a hash belong together. */
  readonly isInStep: (step: number) => boolean
  /** What the bytes before a step make: at once, or later, in the order in which it was asked. */
  readonly hash: (before: number, found: (found: Pick<OwnState, 'modelHash' | 'limit'>) => void) => void
}

interface Want {
  readonly step: number
  readonly use: (state: OwnState) => void
}

/** Comparisons that wait: several of each member of a large swarm. */
const MOST_WANTS = 1024

/**
 * What this peer has at steps that somebody asks about. A hash is a pass over all weights, which takes its time elsewhere, so one is made after the other, and whatever is to be said or
 * compared waits for its own; one after another about the same state costs nothing.
 */
export class StepStates {
  readonly #source: () => StateSource
  /** What was found last, for as long as nothing changes, and the last snapshot, which never does. */
  #state: OwnState | undefined
  #sealed: OwnState | undefined
  /** By what they are for: of two the later one counts. */
  readonly #wants = new Map<string, Want>()
  /** The one hash that is being made, and whether it is of what this peer no longer has. */
  #asked: { readonly step: number, isStale: boolean } | undefined
  #isGoingOn = false

  constructor (source: () => StateSource) { this.#source = source }

  /** Calls back once it is known what this peer has at a step; never where that is forgotten by then, or too much waits. @param name of what it is for */
  want (name: string, step: number, use: (state: OwnState) => void): void {
    if (this.#wants.size >= MOST_WANTS && !this.#wants.has(name)) return
    this.#wants.set(name, { step, use })
    this.goOn()
  }

  /** Bytes came or went, of no step before `fromStep`. */
  changed (fromStep: number): void {
    if (fromStep < (this.#state?.step ?? 0)) this.#state = undefined
    if (this.#asked !== undefined && fromStep < this.#asked.step) this.#asked.isStale = true
  }

  /** Whatever is known was made of other weights. */
  distrust (): void {
    this.#state = this.#sealed = undefined
    if (this.#asked !== undefined) this.#asked.isStale = true
  }

  /** The ledger begins later now. */
  sealed (): void {
    this.#sealed = this.#state?.step === this.#source().ledger.firstStep ? this.#state : undefined
  }

  /** Does what waits, in its order, as far as its states are known. */
  goOn (): void {
    if (this.#isGoingOn) return
    this.#isGoingOn = true
    try {
      for (const [name, { step, use }] of this.#wants) {
        const state = this.#find(step)
        if (state === undefined && step >= this.#source().ledger.firstStep) return
        this.#wants.delete(name)
        if (state !== undefined) use(state)
      }
    } finally {
      this.#isGoingOn = false
    }
  }

  #known (step: number): OwnState | undefined {
    const known = step === this.#source().ledger.firstStep ? this.#sealed : this.#state
    return known?.step === step ? known : undefined
  }

  /** Undefined where a state is forgotten, or has yet to be found. */
  #find (step: number): OwnState | undefined {
    const { ledger, isInStep, hash } = this.#source()
    const known = this.#known(step)
    if (known !== undefined || this.#asked !== undefined || !isInStep(step) || step < ledger.firstStep) return known
    const fingerprint = fingerprintOf(ledger.snapshotAt(step))
    const asked = { step, isStale: false }
    this.#asked = asked
    hash(step, found => {
      this.#asked = undefined
      if (!asked.isStale) this.#keep({ step, fingerprint, ...found })
      this.goOn()
    })
    return this.#known(step)
  }

  #keep (state: OwnState): void {
    if (state.step === this.#source().ledger.firstStep) this.#sealed = state
    else this.#state = state
  }
}

/** Whether two tell of the same bytes and the same weights at the same step. */
export function sameState (one: StepState, other: StepState | undefined): boolean {
  return one.step === other?.step && one.fingerprint === other.fingerprint && one.modelHash === other.modelHash
}
