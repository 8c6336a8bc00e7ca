import { reasonOf } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import type { Clock, Exchange, ExchangeEvents, Peers, RoundRecord, Store, Trainer } from '../ports.ts'
import type { AveragingState, AveragingTotals, ReplicaSnapshot } from './averaging-state.ts'
import type { Description } from './round-machine.ts'
import { describeState, initialState, step } from './round-machine.ts'
import type { Contribution, FinishReason, RoundDecision, RoundEffect, RoundEvent, RoundState } from './round-state.ts'
import { deadlineOf } from './round-state.ts'
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
  /** Inner steps after which this peer is done; 0 trains until it is stopped. */
  readonly budgetSteps: number
  readonly seed: number
  /** Other peers to wait for before the first step. */
  readonly minimumPeers?: number
  readonly minimumPeersTimeoutMs?: number
  readonly state?: AveragingState | undefined
  readonly onEvent?: (event: AveragingEvent) => void
}

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
    this.#work = new RoundWork(peers.self, trainer, method, state)
    this.#state = initialState({
      self: peers.self,
      method,
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
      this.#setAlarm(deadlineOf(this.#state.phase))
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
      case 'send': this.#exchanges.get(effect.exchange)?.send(effect.message); break
      case 'contribute': this.#exchanges.get(effect.exchange)?.send(this.#work.contribution(effect.round)); break
      case 'verify': this.#verify(effect.exchange, effect.contribution); break
      case 'close': this.#hangUp(effect.exchange, effect.reason); break
      case 'commit': this.#commit(effect.decision); break
      case 'announce': this.#options.peers.announce(this.#work.progress(effect.round, effect.training)); break
      case 'say': this.#options.onEvent?.({ type: 'waiting', sentence: effect.sentence }); break
      case 'finish': this.#finish(effect.reason, effect.sentence)
    }
  }

  #train (untilStep: number): void {
    this.#work.train(untilStep, this.#state.syncedStep, () => this.#now(), outcome => {
      this.#dispatch({ kind: 'trained', nowMs: this.#now(), view: this.#options.peers.present(), outcome })
    })
  }

  /** Who is here matters at boundaries and to those who wait; in a large swarm someone announces something all the time. */
  #lookAround (): void {
    if (this.#state.phase.name !== 'training') this.#dispatch({ kind: 'view', nowMs: this.#now(), view: this.#options.peers.present() })
  }

  #verify (exchange: string, contribution: Contribution): void {
    const nowMs = this.#now()
    try {
      this.#work.verify(contribution)
      this.#answer({ kind: 'verified', nowMs, exchange })
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
