import type { UploadDecision } from '../budget/upload-controller.ts'
import { reasonOf } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { trainingPeers } from '../membership/view.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import type { Clock, Peers, RoundRecord, Store, Trainer } from '../ports.ts'
import type { AveragingState, AveragingTotals, ReplicaSnapshot } from './averaging-state.ts'
import type { AveragingCounts } from './round-book.ts'
import { RoundBook } from './round-book.ts'
import { isBoundary } from './round-commit.ts'
import { RoundExchanges } from './round-exchanges.ts'
import { looksAround } from './round-flight.ts'
import { countOf } from './round-label.ts'
import type { Description } from './round-machine.ts'
import { describeState, initialState, step } from './round-machine.ts'
import type { FinishReason, RoundEffect, RoundEvent, RoundState } from './round-state.ts'
import { deadlineOf } from './round-state.ts'
import { RoundTasks } from './round-tasks.ts'
import { workOn } from './round-work.ts'
import type { RoundAnswers, RoundWorker, TaskOf } from './round-worker.ts'
import { checkMethod } from './stability.ts'
import { Turns } from './turns.ts'

export type AveragingEvent =
  | { readonly type: 'waiting', readonly sentence: string }
  | { readonly type: 'round', readonly record: RoundRecord, readonly inDoubt: boolean }
  | { readonly type: 'finished', readonly reason: FinishReason, readonly sentence: string }

export interface AveragingPeerOptions {
  readonly clock: Clock
  readonly trainer: Trainer
  readonly peers: Peers
  readonly store: Store
  readonly method: MethodSpec
  /** What fragments are cut from; one vector of all weights when left out. */
  readonly layout?: ParameterLayout | undefined
  /** Inner steps after which this peer is done; 0 trains until it is stopped. */
  readonly budgetSteps: number
  readonly seed: number
  /** Other peers to wait for before the first step. */
  readonly minimumPeers?: number
  readonly minimumPeersTimeoutMs?: number
  /** What this peer goes on from. */
  readonly state?: AveragingState | undefined
  /**
   * Who does the heavy work on the trainer's weights, begun with `state` as far as that has vectors; of `state` only the counts are read then. Left out, the work
   * is done where the peer lives, before anything else happens.
   */
  readonly worker?: RoundWorker | undefined
  /** Asked when a round is due: with which codec of the method's ladder this peer takes part, or why it lets the round pass, which the others hear at once. */
  readonly decide?: ((round: number) => UploadDecision | undefined) | undefined
  readonly onEvent?: (event: AveragingEvent) => void
}

/** Long enough for a handful of people to type a command, or a busy machine to start a swarm; short enough that one who forgot does not cost the evening. */
const MINIMUM_PEERS_TIMEOUT_MS = 300_000

/**
 * One peer of a run: carries out what the round machine decides, over the four ports. The same class trains on real machines and in the simulator.
 * Everything happens in the callbacks of the ports; events that arrive while one is being carried out, or while its work is done elsewhere, wait for their turn.
 */
export class AveragingPeer {
  /** Resolves with why this peer ended, once it has. */
  readonly done: Promise<FinishReason>
  readonly #options: Omit<AveragingPeerOptions, 'state' | 'worker'>
  readonly #worker: RoundWorker
  readonly #book: RoundBook
  readonly #exchanges: RoundExchanges
  readonly #turns: Turns<RoundEvent, RoundEffect>
  readonly #tasks: RoundTasks
  #state: RoundState
  #isViewWaiting = false
  #alarm: { readonly atMs: number, readonly cancel: () => void } | undefined
  #unsubscribe: () => void = () => undefined
  #settle: (reason: FinishReason) => void = () => undefined

  /**
   * The trainer's weights are the genesis, or what belongs to `state`.
   *
   * @throws ShoalError METHOD_UNSTABLE, METHOD_UNSUPPORTED, CODEC_SPEC, CHECKPOINT_INCOMPATIBLE
   */
  constructor ({ state, worker, ...options }: AveragingPeerOptions) {
    const { method, trainer, peers, seed } = options
    checkMethod(method)
    this.#options = options
    this.#worker = worker ?? workOn(trainer, { self: peers.self, method, layout: options.layout, seed, state })
    this.#book = new RoundBook({ self: peers.self, trainer, method, counts: state })
    this.#exchanges = new RoundExchanges({
      peers,
      onMessage: (exchange, partner, message) => {
        this.#turns.happen(nowMs => {
          this.#exchanges.heard(exchange)
          return { kind: 'message', nowMs, exchange, partner, message }
        })
      },
      onClosed: (exchange, reason) => { this.#turns.happen(nowMs => ({ kind: 'closed', nowMs, exchange, reason })) }
    })
    this.#turns = new Turns({
      nowMs: () => options.clock.nowMs(),
      step: event => this.#step(event),
      perform: effect => { this.#perform(effect) },
      settled: () => { this.#onSettled() },
      failed: thrown => nowMs => ({ kind: 'failed', nowMs, reason: reasonOf(thrown) })
    })
    this.#tasks = new RoundTasks({
      worker: this.#worker, book: this.#book, exchanges: this.#exchanges, turns: this.#turns,
      uploadBytesPerSecond: () => peers.uploadBytesPerSecond?.(),
      blame: (partner, fault, why) => { peers.blame?.(partner, fault, why) },
      landed: (record, inDoubt) => { this.#record(record, inDoubt) }
    })
    this.#state = initialState({
      self: peers.self,
      method,
      fragmentLengths: this.#worker.fragmentLengths,
      budgetSteps: options.budgetSteps,
      seed,
      minimumPeers: options.minimumPeers ?? 0,
      minimumPeersTimeoutMs: options.minimumPeersTimeoutMs ?? MINIMUM_PEERS_TIMEOUT_MS
    }, { round: state?.round ?? 0, step: trainer.step, syncedStep: state?.syncedStep ?? 0 })
    this.done = new Promise(resolve => { this.#settle = resolve })
  }

  /** Starts answering other peers and training. */
  start (): void {
    const { peers } = this.#options
    this.#exchanges.listen()
    this.#unsubscribe = peers.onChange(() => { this.#lookAround() })
    this.#turns.happen(nowMs => ({ kind: 'start', nowMs, view: peers.present() }))
  }

  /** Ends after the step under way; resolves once this peer has. A second call changes nothing. */
  async stop (): Promise<void> {
    this.#turns.happen(nowMs => ({ kind: 'stop', nowMs }))
    await this.done
  }

  /**
   * Starts from another replica instead of the genesis: φ = θ = its weights, its momentum or none, and the swarm's count of rounds, which has gone on since: so that it
   * meets the others in their next round, and many that come at once do not draw the count back. Before the first step only. The snapshot is given away.
   *
   * @throws RangeError once training has begun, or for another model's weights
   */
  adopt (snapshot: ReplicaSnapshot): void {
    const { phase } = this.#state
    const { weights, slow = weights, round, step } = snapshot
    const { length } = this.#options.trainer.weights
    if (phase.name !== 'idle' && phase.name !== 'waiting') throw new RangeError(`a snapshot is adopted before training, not while ${phase.name}`)
    for (const vector of [weights, slow]) {
      if (vector.length !== length) throw new RangeError(`the snapshot has ${vector.length} weights, the model ${length}`)
    }
    const own = this.#options.trainer.step
    const count = countOf(round, trainingPeers(this.#options.peers.present()).map(peer => peer.round))
    this.#state = { ...this.#state, round: count, syncedStep: own, boundaryStep: own }
    this.#book.adopt(count)
    this.#turns.between(() => { this.#tasks.ask({ kind: 'adopt', snapshot }, () => undefined) })
    this.#options.onEvent?.({ type: 'waiting', sentence: `took over a replica of round ${round}, step ${step}; takes part from round ${count + 1} on` })
  }

  /** Copies of what a checkpoint needs beside the trainer's own state, as of now. @throws Error when whoever holds the vectors is gone */
  async exportState (): Promise<AveragingState> {
    const { counts, answer } = await this.#inquire({ kind: 'export' })
    return { ...answer, ...counts }
  }

  /** A copy of this replica for joiners and merges: as of the last round, or what training ended with. @throws Error when whoever holds the vectors is gone */
  async snapshot (): Promise<ReplicaSnapshot> {
    const isOver = this.#state.phase.name === 'finished'
    const { counts: { round, syncedStep }, answer } = await this.#inquire({ kind: 'weights', of: isOver ? 'fast' : 'slow' })
    return { round, step: isOver ? this.#options.trainer.step : syncedStep, weights: answer }
  }

  /** What this peer is doing now. */
  describe (): Description {
    return describeState(this.#state)
  }

  get totals (): AveragingTotals {
    return this.#book.totals
  }

  #step (event: RoundEvent): readonly RoundEffect[] {
    const { state, effects } = step(this.#state, event)
    this.#state = state
    return effects
  }

  #perform (effect: RoundEffect): void {
    switch (effect.kind) {
      case 'train': this.#train(effect.untilStep); break
      case 'stop-training': this.#options.trainer.stop(); break
      case 'open': this.#exchanges.open(effect.exchange, effect.partner); break
      case 'send': this.#exchanges.send(effect.exchange, effect.message); break
      case 'close': this.#exchanges.close(effect.exchange, effect.reason); break
      case 'announce': this.#announce(effect); break
      case 'say': this.#options.onEvent?.({ type: 'waiting', sentence: effect.sentence }); break
      case 'finish': this.#finish(effect.reason, effect.sentence); break
      default: this.#tasks.perform(effect)
    }
  }

  /** Asks without holding anything up. The counts are those of the moment at which the worker looks: between two effects, and behind all that was asked before. */
  async #inquire<Kind extends 'export' | 'weights'> (task: TaskOf<Kind>): Promise<{ readonly counts: AveragingCounts, readonly answer: RoundAnswers[Kind] }> {
    return new Promise((resolve, reject) => {
      this.#turns.between(() => {
        const { counts } = this.#book
        this.#worker.ask<Kind>(task, result => {
          if (result.kind === 'done') resolve({ counts, answer: result.answer })
          else reject(new Error(result.reason))
        })
      })
    })
  }

  #train (untilStep: number): void {
    const { clock, peers } = this.#options
    this.#book.train(untilStep, () => clock.nowMs(), outcome => {
      this.#turns.happen(nowMs => {
        const abstains = outcome.kind === 'reached' && isBoundary(this.#state, outcome.step) ? this.#whyAbstain() : undefined
        return { kind: 'trained', nowMs, view: peers.present(), swarmSize: peers.swarmSize?.(), outcome, abstains }
      })
    })
  }

  /** Asks what the uplink bears of the round that is due. */
  #whyAbstain (): string | undefined {
    const decision = this.#options.decide?.(this.#state.round + 1)
    if (decision?.kind === 'rest') return decision.sentence
    this.#tasks.rung = decision?.level ?? 0
    if (decision?.sentence !== undefined) this.#options.onEvent?.({ type: 'waiting', sentence: decision.sentence })
    return undefined
  }

  #record (record: RoundRecord, inDoubt: boolean): void {
    this.#options.store.recordRound(record)
    this.#options.onEvent?.({ type: 'round', record, inDoubt })
  }

  #announce ({ round, training, dueInMs }: Extract<RoundEffect, { kind: 'announce' }>): void {
    const { peers } = this.#options
    peers.announce({ ...this.#book.progress(round, training), dueInMs, uploadBytesPerSecond: peers.uploadBytesPerSecond?.() })
  }

  #lookAround (): void {
    if (this.#isViewWaiting || !looksAround(this.#state)) return
    this.#isViewWaiting = true
    this.#turns.happen(nowMs => {
      this.#isViewWaiting = false
      return { kind: 'view', nowMs, view: this.#options.peers.present() }
    })
  }

  /** Everything that an event led to is done. */
  #onSettled (): void {
    this.#book.follow(this.#state.round)
    this.#setAlarm(deadlineOf(this.#state))
  }

  #finish (reason: FinishReason, sentence: string): void {
    this.#unsubscribe()
    this.#worker.ask({ kind: 'abandon' }, () => undefined)
    this.#settle(reason)
    this.#options.onEvent?.({ type: 'finished', reason, sentence })
  }

  #setAlarm (atMs: number | undefined): void {
    if (this.#alarm?.atMs === atMs) return
    this.#alarm?.cancel()
    this.#alarm = undefined
    if (atMs === undefined) return
    const { clock } = this.#options
    const cancel = clock.schedule(Math.max(0, atMs - clock.nowMs()), () => {
      this.#alarm = undefined
      this.#turns.happen(nowMs => ({ kind: 'time', nowMs }))
    })
    this.#alarm = { atMs, cancel }
  }
}
