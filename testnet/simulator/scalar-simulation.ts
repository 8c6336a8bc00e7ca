import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { OneByteReport } from '../../src/spsa/one-byte-messages.ts'
import { stepsARound } from '../../src/spsa/scalar-methods.ts'
import { words } from '../../src/random/words.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { EventLog } from './event-log.ts'
import { inflict } from './fates.ts'
import { FaultSchedule } from './fault-schedule.ts'
import { ResourceWatcher } from './resource-watcher.ts'
import { quadraticProblem } from './scalar-problems.ts'
import type { SlopedProblem } from './scalar-problems.ts'
import { sharedVerify } from './shared-verify.ts'
import { SimulatedScalarPeer } from './simulated-scalar-peer.ts'
import type { ScalarPlace } from './simulated-scalar-peer.ts'
import { EVENTS_AT_ONCE } from './simulation.ts'
import type { Fault } from './simulation-scenario.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualNetwork } from './virtual-network.ts'
import type { LinkConditions } from './virtual-links.ts'

/** A swarm of scalars on ½‖θ − θ*‖²: the same scenario gives the same event log. */
export interface ScalarSwarm {
  readonly seed: number
  readonly method: ScalarSpec
  /** Of training, of each peer. */
  readonly steps: number
  readonly parameters: number
  readonly places: readonly ScalarPlace[]
  readonly conditions: LinkConditions
  /** What lies between two places beside their own lines. */
  readonly routeOf?: (from: number, to: number) => LinkProfile | undefined
  /** Those who are not there before a `join`. */
  readonly absent?: ReadonlySet<number>
  readonly faults: readonly Fault[]
  /** A swarm that has not finished by then never will. */
  readonly limitMs: number
}

export interface ScalarPeerOutcome {
  readonly id: string
  /** `absent` for one that never came. */
  readonly ended: string
  readonly isHonest: boolean
  readonly step: number
  readonly endedMs: number
  /** Until the last peer had taken its last step. */
  readonly sentBytes: number
  readonly loss: number
  /** Of everything that its ledger makes. */
  readonly modelHash: string
}

export interface ScalarSwarmResult {
  readonly hash: string
  readonly lines: readonly string[]
  readonly peers: readonly ScalarPeerOutcome[]
  readonly startLoss: number
  /** Packs of honest peers. */
  readonly rounds: number
  /** Broken promises, and peers that never ended; empty when all is well. */
  readonly violations: readonly string[]
}

/** Of the seed's words. */
const NETWORK_STREAM = 403
/** Comparing on after the last step, until nothing can be missing any more. */
const AFTERMATH_MS = 60_000

/** Runs the machines of a run of scalars in virtual time, with everything that may happen to them. @param look called now and then with the share of all steps taken; what it throws ends the simulation */
export async function simulateScalars (scenario: ScalarSwarm, look: (share: number) => Promise<void> | void = () => undefined): Promise<ScalarSwarmResult> {
  return new ScalarSimulation(scenario).run(look)
}

class ScalarSimulation {
  readonly #scenario: ScalarSwarm
  readonly #problem: SlopedProblem
  readonly #clock = new VirtualClock()
  readonly #network: VirtualNetwork
  readonly #peers: readonly SimulatedScalarPeer[]
  readonly #resources: ResourceWatcher
  readonly #faults: FaultSchedule
  readonly #log = new EventLog(true)
  readonly #liars: ReadonlySet<number>
  #rounds = 0

  constructor (scenario: ScalarSwarm) {
    const { seed, method, steps, parameters, places, conditions, routeOf, faults, absent } = scenario
    this.#scenario = scenario
    this.#problem = quadraticProblem(parameters, seed)
    const names = new Map<string, SimulatedScalarPeer>()
    const indexOf = (name: string): number => names.get(name)?.index ?? -1
    this.#network = new VirtualNetwork(this.#clock, words(seed, NETWORK_STREAM), {
      conditions, mishap: sentence => { this.#say(sentence) }, routeOf: routeOf === undefined ? undefined : (from, to) => routeOf(indexOf(from), indexOf(to))
    })
    this.#resources = new ResourceWatcher({ peers: places.length }, this.#clock, this.#network)
    this.#liars = new Set([...places.flatMap(({ attack }, index) => attack === undefined ? [] : [index]), ...faults.flatMap(fault => fault.kind === 'lie' ? [fault.peer] : [])])
    const keys = new Set<string>()
    const around = {
      method, problem: this.#problem, seed, network: this.#network, verify: sharedVerify(), byName: (name: string) => names.get(name),
      run: { runId: `scalars ${seed}`, steps, isMember: (key: string) => keys.has(key) },
      say: (sentence: string) => { this.#say(sentence) }, report: (peer: SimulatedScalarPeer, event: OneByteReport) => { this.#hear(peer, event) }
    }
    this.#peers = places.map((place, index) => new SimulatedScalarPeer(around, place, index))
    for (const peer of this.#peers) {
      names.set(peer.id, peer)
      keys.add(peer.key)
    }
    this.#faults = new FaultSchedule({
      faults, clock: this.#clock, inflict: fault => { this.#inflict(fault) },
      isInState: ({ of, inState, sinceRound }) => {
        const peer = this.#peers[of]
        return peer?.state === inState && peer.step >= sinceRound * this.#roundSteps
      }
    })
    for (const peer of this.#peers) if (absent?.has(peer.index) !== true) peer.begin(places[peer.index]?.startMs)
  }

  async run (look: (share: number) => Promise<void> | void): Promise<ScalarSwarmResult> {
    const { limitMs } = this.#scenario
    for (let events = 1; this.#isOn && this.#clock.advance(limitMs); events++) {
      this.#faults.look()
      if (events % EVENTS_AT_ONCE === 0) await look(this.#shareDone)
    }
    const doneMs = this.#clock.nowMs()
    const sent = this.#peers.map(({ id }) => this.#network.sentBytes(id))
    for (let events = 1; this.#clock.advance(doneMs + AFTERMATH_MS); events++) if (events % EVENTS_AT_ONCE === 0) await look(1)
    const peers = this.#peers.map((peer, index) => this.#outcomeOf(peer, sent[index] ?? 0))
    return { hash: this.#log.hash(), lines: this.#log.lines, peers, startLoss: this.#problem.loss(this.#problem.start), rounds: this.#rounds, violations: [...this.#violationsOf(peers), ...this.#resources.violations] }
  }

  get #shareDone (): number {
    return this.#peers.reduce((sum, { step }) => sum + step, 0) / (this.#peers.length * this.#scenario.steps)
  }

  get #roundSteps (): number {
    return stepsARound(this.#scenario.method)
  }

  get #isOn (): boolean {
    return this.#faults.bringsMore || this.#peers.some(peer => peer.clock !== undefined && !peer.isGone && peer.ended === undefined && !this.#liars.has(peer.index))
  }

  #hear (peer: SimulatedScalarPeer, event: OneByteReport): void {
    if (event.kind === 'step') return
    this.#say(`${peer.id} ${event.kind}${'reason' in event ? `: ${event.reason}` : ''} at step ${peer.step}`)
    if (event.kind !== 'packed' || this.#liars.has(peer.index)) return
    this.#rounds++
    this.#resources.afterRound(peer.id, peer.index)
    this.#faults.afterRound(Math.ceil(peer.step / this.#roundSteps))
  }

  #inflict (fault: Fault): void {
    if (fault.kind === 'reset') this.#peers[fault.peer]?.disconnect()
    inflict(fault, {
      network: this.#network, peers: this.#peers, log: sentence => { this.#say(sentence) }, lost: () => undefined,
      join: peer => {
        this.#say(`join ${peer.id}`)
        peer.begin()
      }
    })
  }

  #outcomeOf (peer: SimulatedScalarPeer, sentBytes: number): ScalarPeerOutcome {
    let [loss, modelHash] = [NaN, '']
    peer.machine?.readWeights(weights => { loss = this.#problem.loss(weights) })
    peer.machine?.state(state => { ({ modelHash } = state) })
    return {
      id: peer.id, ended: peer.clock === undefined ? 'absent' : peer.ended ?? (peer.isGone ? 'crashed' : 'never'), isHonest: !this.#liars.has(peer.index), step: peer.step, endedMs: peer.endedMs,
      sentBytes, loss, modelHash
    }
  }

  /** Whoever took all its steps has compared with the others since: the same bytes, and the same weights of them. */
  #violationsOf (peers: readonly ScalarPeerOutcome[]): readonly string[] {
    const stuck = peers.filter(({ ended, isHonest }) => isHonest && ended === 'never').map(({ id, step }) => `${id} never ended: it is at step ${step}`)
    const models = new Set(peers.filter(({ ended, isHonest }) => isHonest && ended === 'budget').map(({ modelHash }) => modelHash))
    return models.size > 1 ? [...stuck, `${models.size} different models came of one run`] : stuck
  }

  #say (sentence: string): void {
    this.#log.add(`${this.#clock.nowMs().toFixed(3)} ${sentence}`)
  }
}
