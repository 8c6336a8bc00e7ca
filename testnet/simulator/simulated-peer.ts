import { SnapshotTaker } from '../../node/snapshots/snapshot-taker.ts'
import { sharesOf } from '../../src/averaging/arithmetic/method-traits.ts'
import type { AveragingEvent } from '../../src/averaging/averaging-peer.ts'
import { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { AveragingState, ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import type { FinishReason } from '../../src/averaging/round-state.ts'
import { workOn } from '../../src/averaging/round-work.ts'
import type { Peers, RoundRecord, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { fillGaussian, fraction } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { FirstOrderLane } from '../../src/spsa/lanes/first-order-lane.ts'
import type { LaneRules } from '../../src/spsa/lanes/lane-rules.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import { CHUNK_VALUES } from '../../src/transfer/chunk-plan.ts'
import { ExpectedSpread } from '../../src/transfer/expected-spread.ts'
import { planOf } from '../../src/transfer/method-replicas.ts'
import type { Conduct } from '../dishonesty/conduct.ts'
import { LIES_STREAM } from '../dishonesty/conduct.ts'
import { corruptedPeers, corruptedTrainer } from '../dishonesty/rounds.ts'
import type { Struck } from './fates.ts'
import { HeldSnapshots } from './held-snapshots.ts'
import { MemoryParts } from './memory-parts.ts'
import { keeperFor } from './promises.ts'
import { QuadraticTrainer } from './quadratic-trainer.ts'
import type { Referee } from './referee.ts'
import { settled } from './settled.ts'
import { queued, TaskQueue } from './task-queue.ts'
import type { Scenario } from './simulation-scenario.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'
import type { SavedPeer, SimulatedTrainer, TrainingStart } from './virtual-store.ts'
import { VirtualStore } from './virtual-store.ts'

/** Streams of the seed's words, apart from those that training uses. */
const STREAM = { optima: 102, noise: 103, machines: 104 } as const

/** A replica is fetched in so many chunks, however small it is, so that several members give some. */
const CHUNKS_AT_LEAST = 64

interface TakenSnapshots {
  readonly held: HeldSnapshots
  readonly taker: SnapshotTaker
}

/** What all peers of a simulation share. */
export interface PeerSurroundings {
  readonly scenario: Scenario
  readonly network: VirtualNetwork
  readonly referee: Referee
  /** Of the method's scalar lane, if it has one. */
  readonly lane?: LaneRules | undefined
  /** Whether the referee watches this one; nobody is accountable for liars. */
  readonly isWatched: (index: number) => boolean
  readonly tell: (peer: SimulatedPeer, event: AveragingEvent) => void
}

/** One peer of a simulated swarm, through all its lives. */
export class SimulatedPeer implements Struck {
  readonly id: string
  readonly index: number
  readonly conduct: Conduct
  readonly store: VirtualStore
  /** How its replica is cut for joiners. */
  readonly plan: ChunkPlan
  /** What it has fetched of somebody's replica: on disk, so that another life goes on with it. */
  readonly parts = new MemoryParts(Infinity)
  ended: FinishReason | undefined
  endedMs = 0
  waitedMs = 0
  /** Scalars that have counted here. */
  scalars = 0
  /** What scalar peers are given: the weights after the last round. */
  shared: { readonly round: number, readonly weights: Float32Array } | undefined
  readonly #around: PeerSurroundings
  /** A process on this machine, from when the others hear of it. */
  #process: { readonly clock: MachineClock, readonly peers: Peers } | undefined
  /** What it trains and averages with, once it knows what it goes on from. */
  #life: { readonly averaging: AveragingPeer, readonly lane: FirstOrderLane | undefined, readonly trainer: SimulatedTrainer, readonly snapshots: TakenSnapshots | undefined } | undefined

  constructor (around: PeerSurroundings, index: number, id: string) {
    const { attacks, checkpointEveryMs, method, parameters } = around.scenario
    this.#around = around
    this.index = index
    this.id = id
    this.conduct = { attack: attacks?.[index] }
    this.store = new VirtualStore(checkpointEveryMs)
    this.plan = planOf(method, parameters, Math.min(CHUNK_VALUES, Math.ceil(parameters / CHUNKS_AT_LEAST)))
  }

  /** Undefined for one that has not come yet. */
  get averaging (): AveragingPeer | undefined { return this.#life?.averaging }
  get trainer (): SimulatedTrainer | undefined { return this.#life?.trainer }
  get clock (): MachineClock | undefined { return this.#process?.clock }
  get peers (): Peers | undefined { return this.#process?.peers }
  /** What it holds for joiners; undefined in a swarm that nobody joins. */
  get held (): HeldSnapshots | undefined { return this.#life?.snapshots?.held }
  get isGone (): boolean { return this.#process?.clock.crashed === true }

  /** A process starts on this machine, and the others hear of it. */
  arrive (): { readonly clock: MachineClock, readonly peers: Peers } {
    const { scenario: { uploads, lines }, network } = this.#around
    const upload = uploads?.[this.index]
    const line = lines?.[this.index] ?? (upload === undefined ? undefined : { up: upload, delay: 0, jitter: 0, loss: 0, stallFor: 0 })
    this.#process = network.join(this.id, line)
    this.#life = undefined
    this.ended = undefined
    return this.#process
  }

  /** It has what it begins with: a checkpoint, a member's replica, or the genesis. Its averaging begins with `averaging.start()`, and its first step once so many others are there. */
  live ({ saved, replica, minimumPeers = 0 }: { readonly saved?: SavedPeer | undefined, readonly replica?: ReplicaSnapshot | undefined, readonly minimumPeers?: number | undefined } = {}): AveragingPeer {
    const { scenario, network, referee } = this.#around
    const { seed, method, steps, layout, roundTaskMs } = scenario
    const { peers, clock } = this.#process ?? this.arrive()
    const own = this.#trainerOf(clock, saved ?? replica)
    const honest = corruptedTrainer(own, this.conduct, words(seed, LIES_STREAM, this.index))
    const rules = this.#around.lane
    const lane = rules === undefined ? undefined : new FirstOrderLane(honest, { rules, verify: () => true, clock, round: () => averaging.describe().round })
    const trainer = this.#watched(lane?.trainer ?? honest, own.moments)
    const keeper = keeperFor(scenario, this.index, { nowMs: () => clock.nowMs(), sentBytes: () => network.sentBytes(this.id) })
    const worker = roundTaskMs === undefined ? undefined : queued(workOn(trainer, { self: this.id, method, layout, seed, state: saved?.averaging }), new TaskQueue(clock, roundTaskMs))
    const averaging: AveragingPeer = new AveragingPeer({
      clock, trainer, worker, peers: corruptedPeers(scenario.peersOf?.(this.index, peers) ?? peers, this.conduct, words(seed, LIES_STREAM, this.index)), store: { recordRound: () => undefined }, method, layout,
      budgetSteps: steps, seed, state: saved?.averaging, minimumPeers, decide: round => keeper?.decide(round),
      onEvent: event => {
        if (event.type === 'round') {
          keeper?.learn(event.record)
          this.#life?.snapshots?.taker.afterRound(event.record)
        }
        this.#around.tell(this, event.type === 'round' && lane !== undefined ? { ...event, record: this.#withScalars(lane, event.record) } : event)
      }
    })
    this.#life = { averaging, lane, trainer, snapshots: this.#takesSnapshots ? this.#snapshotsOf(averaging, clock) : undefined }
    if (replica !== undefined) {
      averaging.adopt(replica)
      void this.#life.snapshots?.taker.take(replica.round, averaging.describe().round)
    }
    if (lane !== undefined) this.shared = { round: averaging.describe().round, weights: trainer.weights.slice() }
    if (this.#around.isWatched(this.index)) referee.joined(this.id, trainer.weights, averaging.describe().round)
    return averaging
  }

  /** A scalar peer's pack arrives. */
  hear (from: string, entry: Entry): void { this.#life?.lane?.receive(from, entry) }

  #withScalars (lane: FirstOrderLane, record: RoundRecord): RoundRecord {
    const { application } = lane
    if (application !== undefined && application.weight > 0) this.scalars += application.scalars
    if (this.trainer !== undefined) this.shared = { round: record.round, weights: this.trainer.weights.slice() }
    return lane.closed(record)
  }

  leave (): boolean {
    if (this.averaging === undefined) return false
    void this.averaging.stop()
    return true
  }

  /** When it starts, in milliseconds after it is there. */
  get startMs (): number {
    const { seed, startMsOf, startWithinMs } = this.#around.scenario
    const machine = words(seed, STREAM.machines, this.index)
    fraction(machine)
    return startMsOf?.[this.index] ?? fraction(machine) * startWithinMs
  }

  /** Snapshots matter where somebody joins. */
  get #takesSnapshots (): boolean {
    return this.#around.scenario.faults.some(({ kind }) => kind === 'join')
  }

  #snapshotsOf (averaging: AveragingPeer, clock: MachineClock): TakenSnapshots {
    const { plan } = this
    const spread = new ExpectedSpread()
    const { method } = this.#around.scenario
    const expected = (): number | undefined => sharesOf(method) === 'gradients' ? undefined : spread.value
    const held = new HeldSnapshots({ signer: this.id, plan, expected, nowMs: () => clock.nowMs() })
    const exportState = async (): Promise<AveragingState> => {
      const state = averaging.exportState()
      clock.follow(state.then(settled))
      return state
    }
    const taker = new SnapshotTaker({ published: held, spread, bytes: plan.bytes, exportState, tokens: () => averaging.totals.tokens, warn: () => undefined, nowMs: () => clock.nowMs() })
    return { held, taker }
  }

  #trainerOf (clock: MachineClock, from: TrainingStart | undefined): SimulatedTrainer {
    return this.#around.scenario.trainerOf?.(this.index, clock, from) ?? this.#quadratic(clock, from)
  }

  #quadratic (clock: MachineClock, from: TrainingStart | undefined): QuadraticTrainer {
    const { scenario } = this.#around
    const { seed, noise, stepMs: [fastest, slowest], drawsNoiseOnce = false } = scenario
    const stepMs = scenario.stepMsOf?.[this.index] ?? fastest + (slowest - fastest) * fraction(words(seed, STREAM.machines, this.index))
    const problem = { optimum: optimumOf(scenario, this.index), learningRate: QUADRATIC_RATE, noise, stepMs, tokensPerStep: 128, drawsNoiseOnce }
    const life = from === undefined ? 0 : from.step + 1
    const random = words(seed, STREAM.noise, this.index + life * scenario.peers)
    return new QuadraticTrainer(from?.weights ?? new Float32Array(scenario.parameters), problem, clock, random, from?.step)
  }

  /** The trainer as the referee sees it. */
  #watched (trainer: Trainer, moments: SimulatedTrainer['moments']): SimulatedTrainer {
    const { referee, isWatched } = this.#around
    if (!isWatched(this.index)) return trainer
    const { id } = this
    const told = (done: (outcome: TrainingOutcome) => void) => (outcome: TrainingOutcome): void => {
      if (outcome.kind === 'reached') referee.reached(id, trainer.weights, outcome.tokens)
      else referee.paused(id, trainer.weights)
      done(outcome)
    }
    const { gradients } = trainer
    return {
      weights: trainer.weights,
      moments,
      get step () { return trainer.step },
      stop: () => { trainer.stop() },
      train: (untilStep, done) => {
        referee.resumed(id, trainer.weights)
        trainer.train(untilStep, told(done))
      },
      gradients: gradients === undefined ? undefined : { ...gradients, compute: done => { gradients.compute(told(done)) } }
    }
  }
}

/** Inner learning rate of the quadratics. */
export const QUADRATIC_RATE = 0.05

/** Where a peer's own data would lead: around 1 in every coordinate. */
export function optimumOf ({ seed, parameters, dissimilarity }: Pick<Scenario, 'seed' | 'parameters' | 'dissimilarity'>, index: number): Float32Array {
  const optimum = new Float32Array(parameters)
  fillGaussian(optimum, words(seed, STREAM.optima, index), dissimilarity)
  for (let weight = 0; weight < parameters; weight++) optimum[weight] = (optimum[weight] as number) + 1
  return optimum
}
