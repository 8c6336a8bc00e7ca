import type { AveragingEvent } from '../../src/averaging/averaging-peer.ts'
import { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import type { FinishReason } from '../../src/averaging/round-state.ts'
import { workOn } from '../../src/averaging/round-work.ts'
import type { Peers, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { fillGaussian, fraction } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { corruptedPeers, corruptedTrainer } from './dishonest.ts'
import type { Conduct } from './dishonest.ts'
import { LateRoundWorker } from './late-round-worker.ts'
import { keeperFor } from './promises.ts'
import { QuadraticTrainer } from './quadratic-trainer.ts'
import type { Referee } from './referee.ts'
import { nameOf } from './simulation-scenario.ts'
import type { Scenario } from './simulation-scenario.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'
import { VirtualStore } from './virtual-store.ts'
import type { SavedPeer } from './virtual-store.ts'

/** Streams of the seed's words, apart from those that training uses. */
const STREAM = { optima: 102, noise: 103, machines: 104, lies: 106 } as const

/** What all peers of a simulation share. */
export interface PeerSurroundings {
  readonly scenario: Scenario
  readonly network: VirtualNetwork
  readonly referee: Referee
  /** Whether the referee watches this one; nobody is accountable for liars. */
  readonly isWatched: (index: number) => boolean
  readonly tell: (peer: SimulatedPeer, event: AveragingEvent) => void
}

/** One peer of a simulated swarm, through all its lives. */
export class SimulatedPeer {
  readonly id: string
  readonly index: number
  readonly conduct: Conduct
  readonly store: VirtualStore
  ended: FinishReason | undefined
  endedMs = 0
  waitedMs = 0
  readonly #around: PeerSurroundings
  #life: { readonly averaging: AveragingPeer, readonly trainer: Trainer, readonly clock: MachineClock, readonly peers: Peers } | undefined

  constructor (around: PeerSurroundings, index: number) {
    const { attacks, checkpointEveryMs } = around.scenario
    this.#around = around
    this.index = index
    this.id = nameOf(around.scenario, index)
    this.conduct = { attack: attacks?.[index] }
    this.store = new VirtualStore(checkpointEveryMs)
  }

  /** Undefined for one that has not come yet. */
  get averaging (): AveragingPeer | undefined { return this.#life?.averaging }
  get trainer (): Trainer | undefined { return this.#life?.trainer }
  get clock (): MachineClock | undefined { return this.#life?.clock }
  get peers (): Peers | undefined { return this.#life?.peers }
  get isGone (): boolean { return this.#life?.clock.crashed === true }

  /** A process starts on this machine: with what a checkpoint holds, or from the genesis. Its averaging begins with `averaging.start()`. */
  live (saved?: SavedPeer): void {
    const { scenario, network, referee } = this.#around
    const { seed, method, steps, layout, roundTaskMs, uploads, lines, minimumPeers } = scenario
    const upload = uploads?.[this.index]
    const line = lines?.[this.index] ?? (upload === undefined ? undefined : { up: upload, delay: 0, jitter: 0, loss: 0, stallFor: 0 })
    const { peers, clock } = network.join(this.id, line)
    const trainer = this.#watched(corruptedTrainer(this.#trainerOf(clock, saved), this.conduct, words(seed, STREAM.lies, this.index)))
    const keeper = keeperFor(scenario, this.index, { nowMs: () => clock.nowMs(), sentBytes: () => network.sentBytes(this.id) })
    const worker = roundTaskMs === undefined ? undefined : new LateRoundWorker(clock, workOn(trainer, { self: this.id, method, layout, seed, state: saved?.averaging }), roundTaskMs)
    const averaging = new AveragingPeer({
      clock, trainer, worker, peers: corruptedPeers(scenario.peersOf?.(this.index, peers) ?? peers, this.conduct, words(seed, STREAM.lies, this.index)), store: { recordRound: () => undefined }, method, layout,
      budgetSteps: steps, seed, state: saved?.averaging, ...minimumPeers === undefined ? {} : { minimumPeers }, decide: round => keeper?.decide(round),
      onEvent: event => {
        if (event.type === 'round') keeper?.learn(event.record)
        this.#around.tell(this, event)
      }
    })
    this.#life = { averaging, trainer, clock, peers }
    this.ended = undefined
    if (this.#around.isWatched(this.index)) referee.joined(this.id, trainer.weights, saved?.averaging.round ?? 0)
  }

  /** Takes over a member's replica before it begins. */
  adopt (snapshot: ReplicaSnapshot): void {
    this.averaging?.adopt(snapshot)
    const { trainer } = this
    if (trainer !== undefined && this.#around.isWatched(this.index)) this.#around.referee.joined(this.id, trainer.weights, snapshot.round)
  }

  /** When it starts, in milliseconds after it is there. */
  get startMs (): number {
    const { seed, startMsOf, startWithinMs } = this.#around.scenario
    const machine = words(seed, STREAM.machines, this.index)
    fraction(machine)
    return startMsOf?.[this.index] ?? fraction(machine) * startWithinMs
  }

  #trainerOf (clock: MachineClock, saved: SavedPeer | undefined): Trainer {
    return this.#around.scenario.trainerOf?.(this.index, clock, saved) ?? this.#quadratic(clock, saved)
  }

  #quadratic (clock: MachineClock, saved: SavedPeer | undefined): QuadraticTrainer {
    const { scenario } = this.#around
    const { seed, noise, stepMs: [fastest, slowest], drawsNoiseOnce = false } = scenario
    const stepMs = scenario.stepMsOf?.[this.index] ?? fastest + (slowest - fastest) * fraction(words(seed, STREAM.machines, this.index))
    const problem = { optimum: optimumOf(scenario, this.index), learningRate: QUADRATIC_RATE, noise, stepMs, tokensPerStep: 128, drawsNoiseOnce }
    const life = saved === undefined ? 0 : saved.step + 1
    const random = words(seed, STREAM.noise, this.index + life * scenario.peers)
    return new QuadraticTrainer(saved?.weights ?? new Float32Array(scenario.parameters), problem, clock, random, saved?.step)
  }

  /** The trainer as the referee sees it. */
  #watched (trainer: Trainer): Trainer {
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
