import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { AveragingEvent } from '../../src/averaging/averaging-peer.ts'
import { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { AveragingTotals } from '../../src/averaging/averaging-state.ts'
import { seconds } from '../../src/averaging/patience.ts'
import type { FinishReason } from '../../src/averaging/round-state.ts'
import { workOn } from '../../src/averaging/round-work.ts'
import type { UploadPromise } from '../../src/budget/upload-promise.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import type { RoundRecord, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { fillGaussian, fraction } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { LateRoundWorker } from './late-round-worker.ts'
import { keeperFor } from './promises.ts'
import { QuadraticTrainer } from './quadratic-trainer.ts'
import { spreadOf } from './replica-spread.ts'
import type { MachineClock } from './virtual-clock.ts'
import { VirtualClock } from './virtual-clock.ts'
import type { LinkConditions } from './virtual-links.ts'
import { VirtualNetwork } from './virtual-network.ts'
import type { Referee } from './referee.ts'
import { refereeFor } from './referee.ts'

/** Something that happens to the swarm at a moment of virtual time. Peers go by their index. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'partition', readonly sides: ReadonlyArray<readonly number[]> }
  | { readonly kind: 'heal' }
  /** From here on all links are like that. */
  | { readonly kind: 'weather', readonly conditions: LinkConditions }
  | { readonly kind: 'crash' | 'stop' | 'freeze' | 'thaw', readonly peer: number }
)

/** Everything that a simulation depends on: the same scenario gives the same event log. */
export interface Scenario {
  readonly seed: number
  readonly peers: number
  readonly method: MethodSpec
  /** Inner steps of each peer. */
  readonly steps: number
  /** Milliseconds a step takes: every peer draws its own between the two. */
  readonly stepMs: readonly [number, number]
  /** Weights of a replica. */
  readonly parameters: number
  /** Distance between the peers' own optima, and noise of their gradients. */
  readonly dissimilarity: number
  readonly noise: number
  readonly conditions: LinkConditions
  /** What each peer's uplink carries, by index; as `conditions` say where it is left out. */
  readonly uploads?: ReadonlyArray<number | undefined>
  /** Milliseconds a step takes on each peer, by index, in place of a draw. */
  readonly stepMsOf?: readonly number[]
  /** What trains in place of the quadratics, for instance a `TimedTrainer`; all start from the same weights. */
  readonly trainerOf?: (index: number, clock: MachineClock) => Trainer
  readonly layout?: ParameterLayout
  /** Milliseconds that each task of a round takes, beside the peer's own doings; left out, work takes no time. */
  readonly roundTaskMs?: number
  /** What each peer promises about its uplink, by index. */
  readonly promises?: ReadonlyArray<UploadPromise | undefined>
  /** Peers start within this time of each other. */
  readonly startWithinMs: number
  /** When each peer starts, by index, in place of a draw. */
  readonly startMsOf?: readonly number[]
  readonly faults: readonly Fault[]
  /** A swarm that has not finished by then never will. */
  readonly limitMs: number
}

export interface PeerOutcome {
  readonly id: string
  readonly ended: FinishReason | 'crashed' | 'never'
  readonly step: number
  readonly round: number
  readonly totals: AveragingTotals
  readonly weights: Float32Array
  /** When it ended, and for how much of that its trainer rested, waiting for others. */
  readonly endedMs: number
  readonly waitedMs: number
  /** Everything that left its uplink, headers included. */
  readonly sentBytes: number
}

export interface SimulationResult {
  /** SHA-256 of the event log. */
  readonly hash: string
  readonly lines: readonly string[]
  readonly endedMs: number
  readonly peers: readonly PeerOutcome[]
  readonly records: ReadonlyArray<RoundRecord & { readonly peer: string }>
  /** Root mean square distance of the live replicas to their mean, per weight. */
  readonly spread: number
  readonly oneSided: number
  /** Broken promises, and peers that never ended; empty when all is well. */
  readonly violations: readonly string[]
}

/** Streams of the seed's words, apart from those that training uses. */
const STREAM = { network: 101, optima: 102, noise: 103, machines: 104 } as const

/** Runs a swarm of averaging peers in virtual time, as fast as the processor allows and the same way every time. */
export function simulate (scenario: Scenario): SimulationResult {
  return new Simulation(scenario).run()
}

/** As {@link simulate}, with trainers that take real time: virtual time stands still until they are done. */
export async function simulateTraining (scenario: Scenario): Promise<SimulationResult> {
  return new Simulation(scenario).runWhenReady()
}

interface SimulatedPeer {
  readonly id: string
  readonly averaging: AveragingPeer
  readonly trainer: Trainer
  readonly clock: MachineClock
  ended: FinishReason | undefined
  endedMs: number
  waitedMs: number
}

class Simulation {
  readonly #scenario: Scenario
  readonly #clock = new VirtualClock()
  readonly #network: VirtualNetwork
  readonly #watcher: Referee
  readonly #peers: SimulatedPeer[] = []
  readonly #lines: string[] = []
  readonly #records: Array<RoundRecord & { readonly peer: string }> = []
  #running = 0

  constructor (scenario: Scenario) {
    const { method, seed, conditions, faults } = scenario
    this.#scenario = scenario
    this.#network = new VirtualNetwork(this.#clock, words(seed, STREAM.network), conditions, sentence => { this.#log(sentence) })
    this.#watcher = refereeFor(method, longestWaitMs(scenario), scenario.promises !== undefined)
    for (let index = 0; index < scenario.peers; index++) this.#addPeer(index)
    for (const fault of faults) this.#clock.schedule(fault.atMs, () => { this.#inflict(fault) })
  }

  run (): SimulationResult {
    while (this.#running > 0 && this.#clock.advance(this.#scenario.limitMs));
    return this.#result()
  }

  async runWhenReady (): Promise<SimulationResult> {
    while (this.#running > 0 && await this.#clock.advanceWhenReady(this.#scenario.limitMs));
    return this.#result()
  }

  #result (): SimulationResult {
    const outcomes = this.#peers.map(peer => this.#outcomeOf(peer))
    const stuck = outcomes.filter(({ ended }) => ended === 'never').map(({ id }) => `${id} never ended: ${this.#sentenceOf(id)}`)
    return {
      hash: bytesToHex(sha256(utf8ToBytes(this.#lines.join('\n')))),
      lines: this.#lines,
      endedMs: this.#clock.nowMs(),
      peers: outcomes,
      records: this.#records,
      spread: spreadOf(outcomes.filter(({ ended }) => ended !== 'crashed').map(({ weights }) => weights)),
      oneSided: this.#watcher.oneSided,
      violations: [...this.#watcher.violations, ...stuck]
    }
  }

  #addPeer (index: number): void {
    const { seed, method, steps, peers, startWithinMs, startMsOf, layout, roundTaskMs } = this.#scenario
    const id = `peer-${String(index).padStart(String(peers - 1).length, '0')}`
    const { peers: port, clock } = this.#network.join(id, this.#scenario.uploads?.[index])
    const machine = words(seed, STREAM.machines, index)
    const trainer = this.#watched(id, this.#trainerOf(index, clock, fraction(machine)))
    const keeper = keeperFor(this.#scenario, index, { nowMs: () => clock.nowMs(), sentBytes: () => this.#network.sentBytes(id) })
    const worker = roundTaskMs === undefined ? undefined : new LateRoundWorker(clock, workOn(trainer, { self: id, method, layout, seed }), roundTaskMs)
    const averaging = new AveragingPeer({
      clock, trainer, worker, peers: port, store: { recordRound: () => undefined }, method, layout, budgetSteps: steps, seed, decide: round => keeper?.decide(round),
      onEvent: event => {
        if (event.type === 'round') keeper?.learn(event.record)
        this.#tell(index, event)
      }
    })
    this.#peers.push({ id, averaging, trainer, clock, ended: undefined, endedMs: 0, waitedMs: 0 })
    this.#watcher.joined(id, trainer.weights)
    this.#running++
    clock.schedule(startMsOf?.[index] ?? fraction(machine) * startWithinMs, () => { averaging.start() })
  }

  #trainerOf (index: number, clock: MachineClock, slowness: number): Trainer {
    return this.#scenario.trainerOf?.(index, clock) ?? this.#quadraticOf(index, clock, slowness)
  }

  #quadraticOf (index: number, clock: MachineClock, slowness: number): QuadraticTrainer {
    const { seed, parameters, dissimilarity, noise, stepMs: [fastest, slowest] } = this.#scenario
    const optimum = new Float32Array(parameters)
    fillGaussian(optimum, words(seed, STREAM.optima, index), dissimilarity)
    for (let weight = 0; weight < parameters; weight++) optimum[weight] = (optimum[weight] as number) + 1
    const stepMs = this.#scenario.stepMsOf?.[index] ?? fastest + (slowest - fastest) * slowness
    const problem = { optimum, learningRate: 0.05, noise, stepMs, tokensPerStep: 128 }
    return new QuadraticTrainer(new Float32Array(parameters), problem, clock, words(seed, STREAM.noise, index))
  }

  /** The trainer as the referee sees it. */
  #watched (id: string, trainer: Trainer): Trainer {
    const watcher = this.#watcher
    const told = (done: (outcome: TrainingOutcome) => void) => (outcome: TrainingOutcome): void => {
      if (outcome.kind === 'reached') watcher.reached(id, trainer.weights, outcome.tokens)
      else watcher.paused(id, trainer.weights)
      done(outcome)
    }
    const { gradients } = trainer
    return {
      weights: trainer.weights,
      get step () { return trainer.step },
      stop: () => { trainer.stop() },
      train: (untilStep, done) => {
        watcher.resumed(id, trainer.weights)
        trainer.train(untilStep, told(done))
      },
      gradients: gradients === undefined ? undefined : { ...gradients, compute: done => { gradients.compute(told(done)) } }
    }
  }

  #tell (index: number, event: AveragingEvent): void {
    const peer = this.#peers[index] as SimulatedPeer
    if (event.type === 'waiting') this.#log(`${peer.id} ${event.sentence}`)
    else if (event.type === 'round') this.#recordRound(peer, event.record, event.inDoubt)
    else {
      peer.ended = event.reason
      peer.endedMs = this.#clock.nowMs()
      this.#running--
      this.#log(`${peer.id} ended: ${event.sentence}`)
    }
  }

  #recordRound (peer: SimulatedPeer, record: RoundRecord, inDoubt: boolean): void {
    this.#watcher.committed(peer.id, record, inDoubt, peer.trainer.weights)
    peer.waitedMs += record.waitedMs
    this.#records.push({ ...record, peer: peer.id })
    this.#log(`${peer.id} round ${record.round} step ${record.step} ${record.reason}; loss ${record.loss}, spread ${record.spread}, waited ${seconds(record.waitedMs)}`)
  }

  #inflict (fault: Fault): void {
    if (fault.kind === 'partition') {
      this.#log(`partition ${fault.sides.map(side => side.join(' ')).join(' | ')}`)
      this.#network.partition(fault.sides.map(side => side.flatMap(index => this.#peers[index]?.id ?? [])))
    } else if (fault.kind === 'heal') {
      this.#log('heal')
      this.#network.heal()
    } else if (fault.kind === 'weather') {
      this.#log('other weather')
      this.#network.turn(fault.conditions)
    } else {
      this.#strike(fault.kind, this.#peers[fault.peer])
    }
  }

  #strike (kind: 'crash' | 'stop' | 'freeze' | 'thaw', peer: SimulatedPeer | undefined): void {
    if (peer === undefined || peer.clock.crashed) return
    this.#log(`${kind} ${peer.id}`)
    if (kind === 'freeze') this.#network.freeze(peer.id)
    else if (kind === 'thaw') this.#network.thaw(peer.id)
    else if (kind === 'stop') void peer.averaging.stop()
    else {
      if (peer.ended === undefined) this.#running--
      this.#network.crash(peer.id)
    }
  }

  #outcomeOf ({ id, averaging, trainer, clock, ended, endedMs, waitedMs }: SimulatedPeer): PeerOutcome {
    return {
      id,
      ended: ended ?? (clock.crashed ? 'crashed' : 'never'),
      step: trainer.step,
      round: averaging.describe().round,
      totals: averaging.totals,
      weights: trainer.weights,
      endedMs,
      waitedMs,
      sentBytes: this.#network.sentBytes(id)
    }
  }

  #sentenceOf (id: string): string {
    return this.#peers.find(peer => peer.id === id)?.averaging.describe().sentence ?? 'unknown'
  }

  #log (sentence: string): void {
    this.#lines.push(`${this.#clock.nowMs().toFixed(3)} ${sentence}`)
  }
}

/** Patience for the partner, then grace for the link; a machine that was frozen finds its deadlines long past. */
function longestWaitMs ({ method, faults }: Scenario): number {
  const frozen = faults.some(({ kind }) => kind === 'freeze')
  return frozen ? Infinity : 2 * method.graceMs + 1
}
