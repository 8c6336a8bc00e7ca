import type { PackKeeper } from './pack-keeper.ts'
import type { Pack } from './pack-model.ts'

export type PackRefusal = 'REPLAY' | 'WRONG_STEP' | 'SEED_OUTSIDE_POOL' | 'BAD_LEVEL'

export type PackReport =
  /** `tokens` are those that were read for it. */
  | { readonly kind: 'step', readonly step: number, readonly loss: number, readonly level: number, readonly tokens: number }
  /** `others` are the packs that were counted with this peer's own. */
  | { readonly kind: 'round', readonly round: number, readonly others: number, readonly reason: string }
  | { readonly kind: 'refused', readonly from: string, readonly code: PackRefusal, readonly reason: string }
  | { readonly kind: 'ended', readonly how: 'done' | 'stopped' | 'failed', readonly reason: string }

export interface PackPorts {
  readonly peer: string
  /** Keeps the weights, which move between two rounds only, or by what a peer finds itself. */
  readonly keeper: PackKeeper
  /** Keeps a pack of this peer's own for ever, sends it to everybody else, then calls back; whoever carries it signs it (`Ledger`). */
  readonly send: (pack: Pack, sent: () => void) => void
  readonly report: (event: PackReport) => void
}

/** What stands for the packs before a step: weights that later ones start from, or the sums of a seed pool, in a run that starts from one θ₀ throughout. */
export interface PackStart {
  readonly step: number
  /** How many there are. */
  readonly packs: number
  /** Left out where they are those that the player is given anyway. */
  readonly weights?: Float32Array | undefined
  readonly sums?: Int32Array | undefined
}

/** One peer of a method whose rounds end with a pack. */
export interface PackPlayer {
  /** Steps of training taken so far, of all rounds. */
  readonly step: number
  /** Rounds from `fromRound` on, until the last one's end or `stop`. Call it once. */
  start (fromRound?: number): void
  /** Begins no other round; others' packs still count. */
  stop (): void
  /** Counts packs, at once or after the round under way; what does not fit the run is refused with a reason, and nothing moves. */
  receive (packs: readonly Pack[]): void
  /** Counts a pack no longer, say because its author contradicted itself. */
  withdraw (pack: Pack): void
  /** Forgets the packs before a step, between two snapshots, and tells what stands for them. Between two rounds. */
  compact (step: number, done: (stands: Pick<PackStart, 'weights' | 'sums'>) => void): void
}

/** What came while a peer was busy: its θ must not move within a round. */
export class WhileBusy {
  #isBusy = false
  #waiting: Array<() => void> = []

  begin (): void { this.#isBusy = true }

  /** Does a piece of work now, or when the round ends. */
  whenFree (work: () => void): void {
    if (this.#isBusy) this.#waiting.push(work)
    else work()
  }

  /** Does what waited; returns how much that was. */
  end (): number {
    this.#isBusy = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const work of waiting) work()
    return waiting.length
  }
}
