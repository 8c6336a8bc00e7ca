import type { UploadDecision } from '../budget/upload-controller.ts'
import { reasonOf } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { createLayout } from '../parameters/layout.ts'
import type { Clock, Exchange, ExchangeEvents, ExchangeMessage, Peers, RoundRecord, Store, Trainer } from '../ports.ts'
import type { AveragingState, AveragingTotals, ReplicaSnapshot } from './averaging-state.ts'
import { isBoundary } from './round-commit.ts'
import type { Description } from './round-machine.ts'
import { describeState, initialState, step } from './round-machine.ts'
import type { FinishReason, RoundDecision, RoundEffect, RoundEvent, RoundState } from './round-state.ts'
import { deadlineOf, openFlight } from './round-state.ts'
import { RoundWork } from './round-work.ts'
import { checkMethod } from './stability.ts'

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
  readonly state?: AveragingState | undefined
  /** Asked when a round is due: with which codec of the method's ladder this peer takes part, or why it lets the round pass, which the others hear at once. */
  readonly decide?: ((round: number) => UploadDecision | undefined) | undefined
  readonly onEvent?: (event: AveragingEvent) => void
}

/** How the machine hears that what came over an exchange can be used. */
type CheckedEvent =
  | { readonly kind: 'verified' | 'kept' }
  | { readonly kind: 'accepted', readonly part: number, readonly members: readonly string[] }

/** Long enough for a handful of people to type a command, short enough that one who forgot does not cost the evening. */
const MINIMUM_PEERS_TIMEOUT_MS = 60_000

/**
 * One peer of a run: carries out what the round machine decides, over the four ports. The same class trains on real machines and in the simulator.
 * Everything happens in the callbacks of the ports; events that arrive while one is being carried out wait for their turn.
 */
export class AveragingPeer {
  /** Resolves with why this peer ended, once it has. */
  readonly done: Promise<FinishReason>
  readonly #options: AveragingPeerOptions
  readonly #work: RoundWork
  readonly #exchanges = new Map<string, Exchange>()
  readonly #queue: RoundEvent[] = []
  #state: RoundState
  #busy = false
  #incoming = 0
  /** Of the method's ladder: how the round that is due, or under way, is written. */
  #rung = 0
  #alarm: { readonly atMs: number, readonly cancel: () => void } | undefined
  #unsubscribe: () => void = () => undefined
  #settle: (reason: FinishReason) => void = () => undefined

  /**
   * The trainer's weights are the genesis, or what belongs to `state`.
   *
   * @throws ShoalError METHOD_UNSTABLE, METHOD_UNSUPPORTED, CODEC_SPEC, CHECKPOINT_INCOMPATIBLE
   */
  constructor (options: AveragingPeerOptions) {
    const { method, trainer, peers, state } = options
    checkMethod(method)
    this.#options = options
    const layout = options.layout ?? createLayout([{ name: 'weights', shape: [trainer.weights.length] }])
    this.#work = new RoundWork({ self: peers.self, trainer, method, layout, seed: options.seed, state })
    this.#state = initialState({
      self: peers.self,
      method,
      fragmentLengths: this.#work.fragmentLengths,
      budgetSteps: options.budgetSteps,
      seed: options.seed,
      minimumPeers: options.minimumPeers ?? 0,
      minimumPeersTimeoutMs: options.minimumPeersTimeoutMs ?? MINIMUM_PEERS_TIMEOUT_MS
    }, { round: state?.round ?? 0, step: trainer.step, syncedStep: state?.syncedStep ?? 0 })
    this.done = new Promise(resolve => { this.#settle = resolve })
  }

  /** Starts answering other peers and training. */
  start (): void {
    const { peers } = this.#options
    peers.onExchange(exchange => this.#welcome(exchange))
    this.#unsubscribe = peers.onChange(() => { this.#lookAround() })
    this.#dispatch({ kind: 'start', nowMs: this.#now(), view: peers.present() })
  }

  /** Ends after the step under way; resolves once this peer has. A second call changes nothing. */
  async stop (): Promise<void> {
    this.#dispatch({ kind: 'stop', nowMs: this.#now() })
    await this.done
  }

  /**
   * Starts from another replica instead of the genesis: φ = θ = its weights, m = 0, its round number. Before the first step only.
   *
   * @throws RangeError once training has begun, or for another model's weights
   */
  adopt (snapshot: ReplicaSnapshot): void {
    const { phase } = this.#state
    if (phase.name !== 'idle' && phase.name !== 'waiting') throw new RangeError(`a snapshot is adopted before training, not while ${phase.name}`)
    this.#work.adopt(snapshot)
    this.#state = { ...this.#state, round: snapshot.round }
    this.#options.onEvent?.({ type: 'waiting', sentence: `took over a replica of round ${snapshot.round}, step ${snapshot.step}` })
  }

  /** Copies what a checkpoint needs beside the trainer's own state. */
  exportState (): AveragingState {
    return this.#work.exportState(this.#state.round, this.#state.syncedStep)
  }

  /** What this peer is doing now. */
  describe (): Description {
    return describeState(this.#state)
  }

  get totals (): AveragingTotals {
    return this.#work.totals
  }

  #now (): number {
    return this.#options.clock.nowMs()
  }

  /** Steps the machine and carries out its effects, one event after the other. */
  #dispatch (event: RoundEvent): void {
    this.#queue.push(event)
    if (this.#busy) return
    this.#busy = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { state, effects } = step(this.#state, next)
      this.#state = state
      this.#carryOut(effects)
      this.#setAlarm(deadlineOf(this.#state))
    }
    this.#busy = false
  }

  #carryOut (effects: readonly RoundEffect[]): void {
    try {
      for (const effect of effects) this.#perform(effect)
    } catch (thrown) {
      this.#answer({ kind: 'failed', nowMs: this.#now(), reason: reasonOf(thrown) })
    }
  }

  /** What an effect led to comes before whatever else is waiting. */
  #answer (event: RoundEvent): void {
    this.#queue.unshift(event)
  }

  #perform (effect: RoundEffect): void {
    switch (effect.kind) {
      case 'train': this.#train(effect.untilStep); break
      case 'stop-training': this.#options.trainer.stop(); break
      case 'open': this.#open(effect.exchange, effect.partner); break
      case 'send': this.#send(effect.exchange, effect.message); break
      case 'take': this.#take(effect.round, effect.fragment, effect.members); break
      case 'replan': this.#work.replan(effect.members, effect.parts); break
      case 'contribute': this.#send(effect.exchange, this.#work.contribution(effect.part, effect.plan)); break
      case 'verify': this.#check(effect.exchange, () => this.#work.verify(effect.partner, effect.contribution), { kind: 'verified' }); break
      case 'accept': this.#check(effect.exchange, () => this.#work.accept(effect.mean, effect.members), { kind: 'accepted', part: effect.mean.part, members: effect.members }); break
      case 'keep': this.#check(effect.exchange, () => { this.#work.keep(effect.reference); return true }, { kind: 'kept' }); break
      case 'reduce': this.#reduce(effect); break
      case 'forward': this.#send(effect.exchange, this.#work.mean(effect.part, effect.plan)); break
      case 'give': this.#give(effect); break
      case 'close': this.#hangUp(effect.exchange, effect.reason); break
      case 'commit': this.#commit(effect.decision); break
      case 'announce': this.#announce(effect); break
      case 'say': this.#options.onEvent?.({ type: 'waiting', sentence: effect.sentence }); break
      case 'finish': this.#finish(effect.reason, effect.sentence)
    }
  }

  #train (untilStep: number): void {
    this.#work.train(untilStep, () => this.#now(), outcome => {
      const abstains = outcome.kind === 'reached' && isBoundary(this.#state, outcome.step) ? this.#whyAbstain() : undefined
      this.#dispatch({ kind: 'trained', nowMs: this.#now(), view: this.#options.peers.present(), outcome, abstains })
    })
  }

  /** Asks what the uplink bears of the round that is due. */
  #whyAbstain (): string | undefined {
    const decision = this.#options.decide?.(this.#state.round + 1)
    if (decision?.kind === 'rest') return decision.sentence
    this.#rung = decision?.level ?? 0
    if (decision?.sentence !== undefined) this.#options.onEvent?.({ type: 'waiting', sentence: decision.sentence })
    return undefined
  }

  #send (exchange: string, message: ExchangeMessage | undefined): void {
    if (message !== undefined) this.#exchanges.get(exchange)?.send(message)
  }

  #take (round: number, fragment: number, members: readonly string[]): void {
    const basis = this.#work.take(round, fragment, members, this.#rung)
    this.#answer({ kind: 'taken', nowMs: this.#now(), round, basis, uploadBytesPerSecond: this.#options.peers.uploadBytesPerSecond?.() })
  }

  #reduce ({ part, plan, exchanges }: Extract<RoundEffect, { kind: 'reduce' }>): void {
    this.#work.reduce(part)
    for (const exchange of exchanges) this.#send(exchange, this.#work.mean(part, plan))
  }

  #give ({ exchange, round, fragment }: Extract<RoundEffect, { kind: 'give' }>): void {
    this.#work.give(round, fragment, reference => {
      this.#send(exchange, reference)
      this.#hangUp(exchange, 'what is shared is given')
    })
  }

  #announce ({ round, training, dueInMs }: Extract<RoundEffect, { kind: 'announce' }>): void {
    const { peers } = this.#options
    peers.announce({ ...this.#work.progress(round, training), dueInMs, uploadBytesPerSecond: peers.uploadBytesPerSecond?.() })
  }

  /** Who is here matters at boundaries and to those who wait; in a large swarm someone announces something all the time. */
  #lookAround (): void {
    if (this.#state.phase.name !== 'training' || openFlight(this.#state) !== undefined) this.#dispatch({ kind: 'view', nowMs: this.#now(), view: this.#options.peers.present() })
  }

  /** What a member sent is looked at; the machine hears whether it can be used. What counts for nothing is not told of. */
  #check (exchange: string, look: () => boolean, answer: CheckedEvent): void {
    const nowMs = this.#now()
    try {
      if (look()) this.#answer({ ...answer, nowMs, exchange })
    } catch (thrown) {
      this.#answer({ kind: 'refused', nowMs, exchange, why: reasonOf(thrown) })
    }
  }

  #commit (decision: RoundDecision): void {
    const record = this.#work.commit(decision)
    this.#options.store.recordRound(record)
    this.#options.onEvent?.({ type: 'round', record, inDoubt: decision.inDoubt })
  }

  #finish (reason: FinishReason, sentence: string): void {
    this.#unsubscribe()
    this.#work.abandon()
    this.#settle(reason)
    this.#options.onEvent?.({ type: 'finished', reason, sentence })
  }

  #open (id: string, partner: string): void {
    this.#exchanges.set(id, this.#options.peers.openExchange(partner, this.#eventsOf(id, partner)))
  }

  #welcome (exchange: Exchange): ExchangeEvents {
    const id = `from-${++this.#incoming}`
    this.#exchanges.set(id, exchange)
    return this.#eventsOf(id, exchange.partner)
  }

  #eventsOf (exchange: string, partner: string): ExchangeEvents {
    return {
      message: message => { this.#dispatch({ kind: 'message', nowMs: this.#now(), exchange, partner, message }) },
      closed: reason => {
        this.#exchanges.delete(exchange)
        this.#dispatch({ kind: 'closed', nowMs: this.#now(), exchange, reason })
      }
    }
  }

  #hangUp (id: string, reason: string): void {
    this.#exchanges.get(id)?.close(reason)
    this.#exchanges.delete(id)
  }

  #setAlarm (atMs: number | undefined): void {
    if (this.#alarm?.atMs === atMs) return
    this.#alarm?.cancel()
    this.#alarm = undefined
    if (atMs === undefined) return
    const cancel = this.#options.clock.schedule(Math.max(0, atMs - this.#now()), () => { this.#ring() })
    this.#alarm = { atMs, cancel }
  }

  #ring (): void {
    this.#alarm = undefined
    this.#dispatch({ kind: 'time', nowMs: this.#now() })
  }
}
