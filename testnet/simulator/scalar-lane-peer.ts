import type { Peers, PresentPeer, ScalarRequest, ScalarSteps } from '../../src/ports.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { LanePeer } from '../../src/spsa/lanes/lane-peer.ts'
import type { LaneNews, LanePeerReport } from '../../src/spsa/lanes/lane-peer.ts'
import type { LaneRules } from '../../src/spsa/lanes/lane-rules.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { scalarWireBytes } from './scalar-wire.ts'
import { optimumOf } from './simulated-peer.ts'
import type { SimulatedPeer } from './simulated-peer.ts'
import type { Scenario } from './simulation-scenario.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** A scalar peer of a scenario, beside those that train. */
export interface ScalarSeat {
  readonly name: string
  readonly line: LinkProfile
  /** What two forward passes take. */
  readonly measureMs: number
}

export interface ScalarLaneSurroundings {
  readonly scenario: Scenario
  readonly network: VirtualNetwork
  readonly rules: LaneRules
  readonly byId: (id: string) => SimulatedPeer | undefined
  readonly say: (sentence: string) => void
}

/** Of the seed's words, apart from those that peers which train use. */
const NOISE_STREAM = 111
const BYTES_A_WEIGHT = 4
const REQUEST_BYTES = 200
const UNSIGNED = new Uint8Array(64)

/** One peer of the scalar lane in a simulated swarm: it measures on a quadratic of its own, as peers that train descend one. */
export class ScalarLanePeer {
  readonly #around: ScalarLaneSurroundings
  readonly #seat: ScalarSeat
  readonly #key: string
  readonly #peers: Peers
  readonly #clock: MachineClock
  readonly #weights: Float32Array
  readonly #optimum: Float32Array
  readonly #index: number
  readonly #peer: LanePeer
  #asked = 0

  /** @param index its place after all that train */
  constructor (around: ScalarLaneSurroundings, seat: ScalarSeat, index: number) {
    const { scenario, network, rules } = around
    this.#around = around
    this.#seat = seat
    this.#index = index
    this.#key = index.toString(16).padStart(64, '0')
    this.#weights = new Float32Array(scenario.parameters)
    this.#optimum = optimumOf(scenario, index);
    ({ peers: this.#peers, clock: this.#clock } = network.join(seat.name, seat.line))
    this.#peer = new LanePeer(rules, {
      clock: this.#clock, peer: this.#key, sign: () => UNSIGNED, news: () => this.#news(), measure: (request, done) => { this.#measure(request, done) },
      fetch: (fromRound, done) => { this.#fetch(fromRound, done) }, send: entry => { this.#send(entry) }, report: event => { this.#tell(event) }
    })
    this.#peers.onChange(() => { this.#peer.look() })
  }

  begin (): void { this.#peer.look() }

  #training (): PresentPeer[] { return this.#peers.present().filter(({ training }) => training) }

  #news (): LaneNews {
    const rounds = this.#training().map(({ round }) => round)
    if (rounds.length > 0) return { kind: 'training', round: Math.max(...rounds) }
    return { kind: this.#peers.present().some(({ step }) => step >= this.#around.scenario.steps) ? 'over' : 'nobody' }
  }

  /** The request takes its way, and the weights theirs. */
  #fetch (fromRound: number, done: (fetched: number | { readonly reason: string }) => void): void {
    const { network, byId, scenario } = this.#around
    const sources = this.#training().filter(({ round }) => round >= fromRound)
    const source = sources[this.#asked++ % Math.max(1, sources.length)]?.peerId
    const fail = (): void => { this.#clock.reach(() => { done({ reason: 'nobody gives the newest weights' }) }) }
    if (source === undefined) { fail(); return }
    network.carry(this.#seat.name, source, REQUEST_BYTES, arrived => {
      const shared = arrived ? byId(source)?.shared : undefined
      if (shared === undefined) { fail(); return }
      network.carry(source, this.#seat.name, (scenario.payloadScale ?? 1) * BYTES_A_WEIGHT * shared.weights.length, whole => {
        if (!whole) { fail(); return }
        this.#clock.reach(() => {
          this.#weights.set(shared.weights)
          done(shared.round)
        })
      })
    })
  }

  /** Of ½‖θ − optimum‖² with the noise of a batch, the slope along z is exact. */
  #measure ({ step, epsilon, directions }: ScalarRequest, done: Parameters<ScalarSteps['measure']>[1]): void {
    const { scenario: { seed, noise }, rules } = this.#around
    const shaken = new Float32Array(this.#weights.length)
    fillGaussian(shaken, words(seed, NOISE_STREAM + this.#index, step), noise)
    const direction = new Int8Array(shaken.length)
    const losses = directions.map(directed => {
      rules.noise.fill(direction, directed.seed, 0)
      const slope = direction.reduce((sum, value, at) => sum + value / rules.noise.integersPerUnit * ((this.#weights[at] as number) - (this.#optimum[at] as number) + (shaken[at] as number)), 0)
      return { above: epsilon * slope, below: -epsilon * slope }
    })
    this.#clock.schedule(this.#seat.measureMs, () => { done({ kind: 'measured', losses, tokens: 0 }) })
  }

  #send (entry: Entry): void {
    const { network, byId } = this.#around
    const bytes = scalarWireBytes({ kind: 'pack', entry })
    for (const { peerId } of this.#training()) {
      network.carry(this.#seat.name, peerId, bytes, arrived => {
        const to = byId(peerId)
        if (arrived) to?.clock?.reach(() => { to.hear(this.#key, entry) })
      })
    }
  }

  #tell (event: LanePeerReport): void {
    const { say } = this.#around
    if (event.kind === 'follows') say(`${this.#seat.name} measures at the weights of round ${event.round}`)
    else if (event.kind === 'waits') say(`${this.#seat.name} ${event.sentence}`)
    else if (event.kind === 'ended') say(`${this.#seat.name} ended: ${event.reason}`)
  }
}
