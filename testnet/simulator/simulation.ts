import type { AveragingEvent } from '../../src/averaging/averaging-peer.ts'
import type { AveragingTotals } from '../../src/averaging/averaging-state.ts'
import { noTotals } from '../../src/averaging/averaging-state.ts'
import { seconds } from '../../src/averaging/patience.ts'
import type { FinishReason } from '../../src/averaging/round-state.ts'
import type { RoundRecord } from '../../src/ports.ts'
import { words } from '../../src/random/words.ts'
import { EventLog } from './event-log.ts'
import { inflict } from './fates.ts'
import { FaultSchedule } from './fault-schedule.ts'
import { joinInProgress } from './joining.ts'
import { strayed } from './predicted-spread.ts'
import type { Referee } from './referee.ts'
import { refereeFor } from './referee.ts'
import { spreadOf } from './replica-spread.ts'
import { ResourceWatcher } from './resource-watcher.ts'
import { settled } from './settled.ts'
import { realSigner } from './signer.ts'
import { laneRules } from '../../src/spsa/lanes/lane-rules.ts'
import type { LaneRules } from '../../src/spsa/lanes/lane-rules.ts'
import { ScalarLanePeer } from './scalar-lane-peer.ts'
import { SimulatedPeer } from './simulated-peer.ts'
import { liarsOf, nameOf } from './simulation-scenario.ts'
import type { Fault, Scenario } from './simulation-scenario.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualNetwork } from './virtual-network.ts'

export type { Fault, Scenario } from './simulation-scenario.ts'

export interface PeerOutcome {
  readonly id: string
  /** `absent` for one that never came. */
  readonly ended: FinishReason | 'crashed' | 'never' | 'absent'
  readonly isHonest: boolean
  readonly step: number
  readonly round: number
  readonly totals: AveragingTotals
  readonly weights: Float32Array
  /** When it ended, and for how much of that its trainer rested, waiting for others. */
  readonly endedMs: number
  readonly waitedMs: number
  /** That counted here, of scalar peers. */
  readonly scalars: number
  /** Everything that left its uplink, headers included. */
  readonly sentBytes: number
  /** What it announced to the others, signatures included. */
  readonly announcedBytes: number
}

/** A round as its peer recorded it, and as the world saw it. */
export interface SimulatedRound extends RoundRecord {
  readonly peer: string
  /** Virtual time of its end. */
  readonly atMs: number
  /** Everything that had left its uplink by then, headers included. */
  readonly sentBytes: number
}

export interface SimulationResult {
  /** SHA-256 of the event log. */
  readonly hash: string
  readonly lines: readonly string[]
  readonly endedMs: number
  readonly peers: readonly PeerOutcome[]
  readonly records: readonly SimulatedRound[]
  /** The longest that any honest peer waited in one round. */
  readonly longestWaitMs: number
  /** Root mean square distance of the live honest replicas to their mean, per weight. */
  readonly spread: number
  readonly oneSided: number
  /** Broken promises, and peers that never ended; empty when all is well. */
  readonly violations: readonly string[]
}

/** Of the seed's words, apart from those that peers use. */
const NETWORK_STREAM = 101
/** Events between two looks at what else is to be done. */
export const EVENTS_AT_ONCE = 5000
/** And so many more for each peer: a look asks all of them how far they are. */
const EVENTS_A_LOOK = 10

/** Runs a swarm of averaging peers in virtual time, as fast as the processor allows and the same way every time. */
export function simulate (scenario: Scenario): SimulationResult {
  return new Simulation(scenario).run()
}

/** As {@link simulate}, with what takes real time: virtual time stands still until that is done. @param look called now and then with the share of all steps taken */
export async function simulateTraining (scenario: Scenario, look: (share: number) => Promise<void> | void = () => undefined): Promise<SimulationResult> {
  return new Simulation(scenario).runWhenReady(look)
}

class Simulation {
  readonly #scenario: Scenario
  readonly #clock = new VirtualClock()
  readonly #network: VirtualNetwork
  readonly #watcher: Referee
  readonly #resources: ResourceWatcher
  readonly #peers: readonly SimulatedPeer[]
  readonly #byId: ReadonlyMap<string, SimulatedPeer>
  readonly #liars: ReadonlySet<number>
  readonly #log: EventLog
  readonly #records: SimulatedRound[] = []
  readonly #faults: FaultSchedule
  #longestWaitMs = 0
  /** Peers that are to end. */
  #running = 0

  constructor (scenario: Scenario) {
    const { seed, conditions, faults, peers, routeOf, payloadScale, partialViews, signatures, keeps } = scenario
    this.#scenario = scenario
    this.#log = new EventLog(keeps !== 'counts')
    this.#liars = liarsOf(scenario)
    this.#network = new VirtualNetwork(this.#clock, words(seed, NETWORK_STREAM), {
      conditions, payloadScale, mishap: sentence => { this.#say(sentence) }, partialViews: partialViews === undefined ? undefined : { seed, kind: partialViews },
      routeOf: routeOf === undefined ? undefined : (from, to) => routeOf(this.#indexOf(from), this.#indexOf(to)),
      signer: signatures === 'real' ? realSigner() : undefined
    })
    this.#watcher = refereeFor(scenario)
    this.#resources = new ResourceWatcher(scenario, this.#clock, this.#network)
    const { scalarLane } = scenario.method
    const lane = scalarLane === undefined ? undefined : laneRules(scalarLane, `simulation ${seed}`)
    const around = {
      scenario, network: this.#network, referee: this.#watcher, lane, isWatched: (index: number) => !this.#liars.has(index),
      tell: (peer: SimulatedPeer, event: AveragingEvent) => { this.#tell(peer, event) }
    }
    // All names first: they are read at every boundary of every peer, and lie side by side in memory then.
    const names = Array.from({ length: peers }, (_, index) => nameOf(scenario, index))
    this.#peers = names.map((name, index) => new SimulatedPeer(around, index, name))
    this.#byId = new Map(this.#peers.map(peer => [peer.id, peer]))
    if (lane !== undefined) this.#beginScalars(lane)
    for (const peer of this.#peers) if (scenario.absent?.has(peer.index) !== true) this.#begin(peer)
    this.#faults = new FaultSchedule({
      faults, clock: this.#clock, inflict: fault => { this.#inflict(fault) },
      isInState: ({ of, inState, sinceRound }) => {
        const { phase, flight, round } = this.#peers[of]?.averaging?.describe() ?? { phase: 'idle', flight: undefined, round: 0 }
        return (flight ?? phase) === inState && round >= sinceRound
      }
    })
  }

  run (): SimulationResult {
    while (this.#isOn && this.#advance());
    return this.#result()
  }

  async runWhenReady (look: (share: number) => Promise<void> | void): Promise<SimulationResult> {
    const atOnce = EVENTS_AT_ONCE + EVENTS_A_LOOK * this.#peers.length
    for (let events = 1; this.#isOn; events++) {
      if (this.#clock.isWaiting) await this.#clock.ready()
      if (events % atOnce === 0) await look(this.#shareDone)
      if (!this.#advance()) break
    }
    return this.#result()
  }

  /** The next event, and what waited for the state that it led to. */
  #advance (): boolean {
    const isMoving = this.#clock.advance(this.#scenario.limitMs)
    this.#faults.look()
    return isMoving
  }

  get #isOn (): boolean {
    return this.#running > 0 || this.#faults.bringsMore
  }

  get #shareDone (): number {
    return this.#peers.reduce((sum, { trainer }) => sum + (trainer?.step ?? 0), 0) / (this.#peers.length * this.#scenario.steps)
  }

  #result (): SimulationResult {
    const outcomes = this.#peers.map(peer => this.#outcomeOf(peer))
    const stuck = outcomes.filter(({ ended, isHonest }) => ended === 'never' && isHonest).map(({ id }) => `${id} never ended: ${this.#byId.get(id)?.averaging?.describe().sentence ?? 'unknown'}`)
    const here = outcomes.filter(({ ended, isHonest }) => isHonest && ended !== 'crashed' && ended !== 'absent')
    const apart = strayed(this.#scenario, here)
    return {
      hash: this.#log.hash(),
      lines: this.#log.lines,
      endedMs: this.#clock.nowMs(),
      peers: outcomes,
      records: this.#records,
      longestWaitMs: this.#longestWaitMs,
      spread: spreadOf(here.map(({ weights }) => weights)),
      oneSided: this.#watcher.oneSided,
      violations: [...this.#watcher.violations, ...this.#resources.violations, ...stuck, ...apart === undefined ? [] : [apart]]
    }
  }

  /** Nobody waits for them, and nothing of the end depends on theirs. */
  #beginScalars (rules: LaneRules): void {
    const around = { scenario: this.#scenario, network: this.#network, rules, byId: (id: string) => this.#byId.get(id), say: (sentence: string) => { this.#say(sentence) } }
    for (const [place, seat] of (this.#scenario.scalarSeats ?? []).entries()) new ScalarLanePeer(around, seat, this.#peers.length + place).begin()
  }

  /** A peer of the beginning. */
  #begin (peer: SimulatedPeer): void {
    peer.live({ minimumPeers: this.#scenario.minimumPeers })
    this.#running++
    peer.clock?.schedule(peer.startMs, () => { peer.averaging?.start() })
  }

  /** A peer that comes later, or comes back. */
  #join (peer: SimulatedPeer): void {
    this.#say(`join ${peer.id}`)
    peer.arrive()
    this.#running++
    void joinInProgress({ peer, scenario: this.#scenario, network: this.#network, byId: id => this.#byId.get(id), say: sentence => { this.#say(sentence) } })
    this.#clock.follow(settled())
  }

  #inflict (fault: Fault): void {
    inflict(fault, {
      network: this.#network, peers: this.#peers, log: sentence => { this.#say(sentence) }, join: peer => { this.#join(peer) },
      lost: peer => { if (peer.ended === undefined) this.#running-- }
    })
  }

  #tell (peer: SimulatedPeer, event: AveragingEvent): void {
    if (event.type === 'waiting') this.#say(`${peer.id} ${event.sentence}`)
    else if (event.type === 'round') this.#recordRound(peer, event.record, event.inDoubt)
    else this.#onEnd(peer, event.reason, event.sentence)
  }

  #onEnd (peer: SimulatedPeer, reason: FinishReason, sentence: string): void {
    peer.ended = reason
    peer.endedMs = this.#clock.nowMs()
    this.#running--
    this.#say(`${peer.id} ended: ${sentence}`)
    const { clock, trainer, averaging } = peer
    if (this.#keepsStores && clock !== undefined && trainer !== undefined && averaging !== undefined) peer.store.save(clock, trainer, averaging)
  }

  #recordRound (peer: SimulatedPeer, record: RoundRecord, inDoubt: boolean): void {
    const { clock, trainer, averaging } = peer
    if (clock === undefined || trainer === undefined || averaging === undefined) return
    if (this.#keepsStores) peer.store.afterRound(clock, trainer, averaging)
    peer.waitedMs += record.waitedMs
    if (this.#scenario.keeps !== 'counts') this.#records.push({ ...record, peer: peer.id, atMs: this.#clock.nowMs(), sentBytes: this.#network.sentBytes(peer.id) })
    this.#say(`${peer.id} round ${record.round} step ${record.step} ${record.reason}; loss ${record.loss}, spread ${record.spread}, waited ${seconds(record.waitedMs)}`)
    if (this.#liars.has(peer.index)) return
    this.#longestWaitMs = Math.max(this.#longestWaitMs, record.waitedMs)
    this.#watcher.committed(peer.id, record, inDoubt, trainer.weights)
    this.#resources.afterRound(peer.id, peer.index)
    this.#faults.afterRound(record.round)
  }

  /** Checkpoints matter where somebody comes back. */
  get #keepsStores (): boolean {
    return this.#scenario.faults.some(({ kind }) => kind === 'join')
  }

  #outcomeOf (peer: SimulatedPeer): PeerOutcome {
    const { id, index, averaging, trainer, clock, ended, endedMs, waitedMs } = peer
    return {
      id,
      ended: clock === undefined ? 'absent' : peer.isGone ? ended ?? 'crashed' : ended ?? 'never',
      isHonest: !this.#liars.has(index),
      step: trainer?.step ?? 0,
      round: averaging?.describe().round ?? 0,
      totals: averaging?.totals ?? noTotals,
      weights: trainer?.weights ?? new Float32Array(),
      endedMs,
      waitedMs,
      scalars: peer.scalars,
      sentBytes: this.#network.sentBytes(id),
      announcedBytes: this.#network.announcedBytes(id)
    }
  }

  #indexOf (id: string): number {
    return this.#byId.get(id)?.index ?? -1
  }

  #say (sentence: string): void {
    this.#log.add(`${this.#clock.nowMs().toFixed(3)} ${sentence}`)
  }
}
