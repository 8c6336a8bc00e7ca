import { MAXIMUM_OFFERS } from '../../protocols/wire/limits.ts'
import type { PublishedSnapshots } from '../../node/snapshots/published-snapshots.ts'
import type { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import { forgettable, HELD_MS, isFetched } from '../../src/transfer/kept-snapshots.ts'
import { SnapshotHolder } from './snapshot-holder.ts'

export interface HeldOptions {
  readonly signer: string
  readonly plan: ChunkPlan
  /** What this member expects replicas to be apart. */
  readonly expected: () => number | undefined
  readonly nowMs: () => number
}

/** The snapshots that a simulated member holds for joiners, in memory. */
export class HeldSnapshots implements Pick<PublishedSnapshots, 'publish'> {
  readonly #options: HeldOptions
  /** By round, the newest last. */
  readonly #held = new Map<number, { readonly holder: SnapshotHolder, heldUntilMs: number }>()

  constructor (options: HeldOptions) { this.#options = options }

  get holders (): readonly SnapshotHolder[] { return [...this.#held.values()].map(({ holder }) => holder) }

  async publish ({ round, step, vectors }: Parameters<PublishedSnapshots['publish']>[0]): Promise<void> {
    const { signer, plan, expected, nowMs } = this.#options
    if (isFetched(this.#held.get(round), nowMs())) return
    this.#held.delete(round)
    this.#held.set(round, { holder: new SnapshotHolder(signer, { round, step, vectors }, expected, {}, plan), heldUntilMs: 0 })
    for (const old of forgettable(this.#held, nowMs(), MAXIMUM_OFFERS)) this.#held.delete(old)
    await Promise.resolve()
  }

  /** Somebody wants this round a while longer. */
  hold (round: number | undefined): void {
    const held = round === undefined ? undefined : this.#held.get(round)
    if (held !== undefined) held.heldUntilMs = this.#options.nowMs() + HELD_MS
  }
}
