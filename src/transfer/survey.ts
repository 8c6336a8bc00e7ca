import { reasonOf } from '../errors.ts'
import type { ChunkPlan } from './chunk-plan.ts'
import type { SnapshotOffer, TransferSurroundings } from './transfer-ports.ts'
import { soon } from './waiting.ts'

/** Members come within seconds of each other; each has snapshots that are new. */
const SURVEY_EVERY_MS = 5_000
/** Who does not answer by then is asked again later. */
const ANSWER_MS = 5_000
/** Members asked at once and remembered: in a large swarm some of them are enough. */
const MOST_ASKED = 16

/** What members say that they hold, asked again now and then. */
export class Survey {
  readonly #around: TransferSurroundings
  readonly #plan: ChunkPlan
  readonly #refused: ReadonlySet<string>
  readonly #held = new Map<string, readonly SnapshotOffer[]>()
  readonly #silent = new Map<string, string>()
  readonly #askedMs = new Map<string, number>()
  #unanswered = 0

  constructor (around: TransferSurroundings, plan: ChunkPlan, refused: ReadonlySet<string>) {
    this.#around = around
    this.#plan = plan
    this.#refused = refused
  }

  /** Of members that are here and were not refused, that fit the run's model. */
  get offers (): readonly SnapshotOffer[] {
    const here = new Set(this.members)
    const { values, vectors } = this.#plan
    return [...this.#held].flatMap(([peerId, offers]) => here.has(peerId) ? offers : []).filter(offer => offer.values === values && offer.vectors === vectors)
  }

  /** Members that are here and were not refused. */
  get members (): readonly string[] {
    return this.#around.peers.present().map(({ peerId }) => peerId).filter(peerId => !this.#refused.has(peerId))
  }

  /** Whether an answer is still to come. */
  get isAsking (): boolean { return this.#unanswered > 0 }

  /** Why members that were asked gave nothing. */
  get silence (): string { return [...this.#silent].map(([peerId, why]) => `${peerId}: ${why}`).join('; ') }

  /** Asks those that are new, or were asked a while ago; tells of each answer. */
  async look (hold: number | undefined, onAnswer = (): void => undefined): Promise<void> {
    const { clock } = this.#around
    const due = this.members.slice(0, MOST_ASKED).filter(peerId => clock.nowMs() - (this.#askedMs.get(peerId) ?? -Infinity) >= SURVEY_EVERY_MS)
    await Promise.all(due.map(async peerId => this.#ask(peerId, hold).then(onAnswer)))
  }

  /** The next look asks everybody anew. */
  renew (): void { this.#askedMs.clear() }

  async #ask (peerId: string, hold: number | undefined): Promise<void> {
    const { peers, clock, signal } = this.#around
    this.#askedMs.set(peerId, clock.nowMs())
    this.#unanswered++
    try {
      this.#held.set(peerId, await soon(clock, ANSWER_MS, peers.offers(peerId, hold, signal)))
      this.#silent.delete(peerId)
    } catch (error) {
      signal.throwIfAborted()
      this.#silent.set(peerId, reasonOf(error))
    } finally {
      this.#unanswered--
    }
  }
}
