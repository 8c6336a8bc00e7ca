import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { ClipRules } from '../../src/spsa/clipping.ts'
import { fraction, integerBelow } from '../../src/random/draw.ts'
import type { ScalarRequest } from '../../src/ports.ts'
import { words } from '../../src/random/words.ts'
import type { Words } from '../../src/random/words.ts'
import { modelMemory } from '../../src/spsa/byte-model.ts'
import type { ByteModel } from '../../src/spsa/byte-model.ts'
import { HALF_SEEDS } from '../../src/spsa/half-loss.ts'
import { ModelWork } from '../../src/spsa/model-worker.ts'
import { EVERYONE } from '../../src/spsa/one-byte-messages.ts'
import type { OneByteMessage, OneByteReport, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import { OneBytePeer } from '../../src/spsa/one-byte-peer.ts'
import type { OneBytePorts, OneByteRules } from '../../src/spsa/one-byte-ports.ts'
import { rademacher } from '../../src/spsa/noise.ts'
import { placesOf } from '../../src/spsa/places.ts'
import { scalarCodec } from '../../src/spsa/scalar-codec.ts'
import { scheduleOf } from '../../src/spsa/schedules.ts'
import { readAll } from '../../src/spsa/weight-source.ts'
import { signer } from '../../node/scalars/signing.ts'
import { EXAGGERATION } from '../dishonesty/scalars.ts'
import { problemLosses } from './problem-losses.ts'
import { ROUGH_LATENCY_MS, RoughLinks } from './rough-links.ts'
import type { Roughness } from './rough-links.ts'
import type { ScalarProblem } from './scalar-problems.ts'
import { scalarWireBytes } from './scalar-wire.ts'
import { sharedVerify } from './shared-verify.ts'
import { TaskQueue } from './task-queue.ts'
import { VirtualClock } from './virtual-clock.ts'
import { WindowSkipper } from './window-skipper.ts'

export interface ScalarScenario extends Roughness {
  readonly problem: ScalarProblem
  readonly peers: number
  /** So many of them send the largest byte against what they measured. */
  readonly liars: number
  readonly steps: number
  readonly window: number
  /** Steps between two snapshots; none when left out. */
  readonly epochSteps?: number
  /** Directions that a step averages over; one when left out. */
  readonly directions?: number
  /** β; none when left out. */
  readonly momentum?: number
  /** Whether two peers share the passes of a step. */
  readonly passes?: 'shared'
  /** η of the mean over all peers, falling linearly to a tenth. */
  readonly learningRate: number
  readonly clip: ClipRules
  /** One way; `ROUGH_LATENCY_MS` when left out. */
  readonly latencyMs?: number
  /** When the last peer is cut off from all others, who then do not wait for it unless nobody has noticed. */
  readonly away?: { readonly fromMs: number, readonly toMs: number, readonly isUnnoticed?: boolean }
  /** Of one member more, which leaves these windows out (`WindowSkipper`). */
  readonly skips?: (window: number) => boolean
  /** How long each move, hash or snapshot takes whoever keeps a peer's weights, one after the other; no time when left out. */
  readonly modelTaskMs?: number
  readonly seed: number
}

export interface ScalarOutcome {
  readonly losses: readonly number[]
  /** Loss of the first peer's weights after each of its windows. */
  readonly curve: readonly number[]
  /** Distinct model hashes at the end: 1 when all peers have the same bits. */
  readonly distinctModels: number
  readonly bytesPerStepAndPeer: number
  /** When the last peer had taken its last step. */
  readonly endedMs: number
  readonly reports: readonly OneByteReport[]
  readonly swarm: readonly OneBytePeer[]
}

const EVALUATION_MS = 50
const COMPARE_EVERY_MS = 1000
/** Comparing on after the last step, until nothing can be missing any more. */
const AFTERMATH_MS = 60_000
const EPSILON = 1e-3

/** Runs a `one-byte` swarm in virtual time over links that lose, repeat and reorder; the same scenario gives the same outcome. */
export function runScalarSwarm (scenario: ScalarScenario): ScalarOutcome {
  return new RoughScalars(scenario).run()
}

class RoughScalars {
  readonly #scenario: ScalarScenario
  readonly #clock = new VirtualClock()
  readonly #random: Words
  readonly #links: RoughLinks
  readonly #verify = sharedVerify()
  readonly #keys: readonly Uint8Array[]
  readonly #names: readonly string[]
  readonly #rules: OneByteRules
  readonly #skipper: WindowSkipper | undefined
  readonly #works: readonly ModelWork[]
  readonly #swarm: readonly OneBytePeer[]
  readonly #reports: OneByteReport[] = []
  readonly #curve: number[] = []
  #sentBytes = 0

  constructor (scenario: ScalarScenario) {
    const { peers, problem, skips, seed } = scenario
    this.#scenario = scenario
    this.#random = words(seed, 402)
    this.#links = new RoughLinks(this.#clock, this.#random, scenario)
    this.#keys = Array.from({ length: peers + (skips === undefined ? 0 : 1) }, (_, index) => new Uint8Array(32).fill(index + 1))
    this.#names = this.#keys.map(key => bytesToHex(ed25519.getPublicKey(key)))
    this.#rules = rulesOf(scenario, this.#names)
    this.#skipper = this.#skipperOf(scenario)
    this.#works = this.#names.slice(0, peers).map(() => new ModelWork(modelMemory(problem.start), this.#rules.model, this.#rules.ledger.runId))
    this.#swarm = this.#works.map((work, index) => this.#peer(work, index))
  }

  run (): ScalarOutcome {
    const { steps, peers, problem } = this.#scenario
    for (const peer of this.#swarm) peer.start()
    this.#clock.schedule(COMPARE_EVERY_MS, () => { this.#compare() })
    while (this.#swarm.some(({ step }) => step < steps) && this.#clock.advance());
    const [sentBytes, endedMs] = [this.#sentBytes, this.#clock.nowMs()]
    while (this.#clock.advance(endedMs + AFTERMATH_MS));
    return {
      losses: this.#works.map(({ model }) => lossOf(problem, model)),
      curve: this.#curve,
      distinctModels: new Set(this.#works.map(({ model }) => model.hash())).size,
      endedMs,
      bytesPerStepAndPeer: sentBytes / steps / peers,
      reports: this.#reports,
      swarm: this.#swarm
    }
  }

  #peer (work: ModelWork, index: number): OneBytePeer {
    const name = this.#names[index] as string
    const turns = new TaskQueue(this.#clock, this.#scenario.modelTaskMs ?? 0)
    return new OneBytePeer(this.#rules, {
      peer: name,
      model: { ask: (task, answer) => { turns.take(() => { work.ask(task, answer) }) } },
      sign: signer(this.#keys[index] as Uint8Array),
      verify: this.#verify,
      keep: (_entry, kept) => { kept() },
      measure: (request, done) => { turns.take(() => { this.#measure(work.model, index, request, done) }) },
      send: (to, message) => { this.#send(name, to, message) },
      others: () => this.#names.filter(other => other !== name && (this.#scenario.away?.isUnnoticed === true || !this.#isCut(name, other))),
      clock: this.#clock,
      report: event => { this.#hear(event, index) }
    })
  }

  #hear (event: OneByteReport, index: number): void {
    const { problem, window } = this.#scenario
    this.#reports.push(event)
    if (event.kind === 'overruled') this.#clock.schedule(ROUGH_LATENCY_MS, () => { this.#adopt(index, event.offer) })
    if (index === 0 && event.kind === 'step' && event.step % window === 0) this.#curve.push(lossOf(problem, this.#modelOf(0)))
  }

  #modelOf (index: number): ByteModel { return (this.#works[index] as ModelWork).model }

  /** The weights are read when a forward pass starts; the losses are known when both have ended. */
  #measure ({ weights }: ByteModel, peer: number, request: ScalarRequest, done: Parameters<OneBytePorts['measure']>[1]): void {
    const { problem, peers, liars } = this.#scenario
    const losses = problemLosses({ problem, weights, noise: rademacher, peer, told: loss => peer < peers - liars ? loss : EXAGGERATION * loss }, request)
    this.#clock.schedule((request.side === undefined ? 2 : 1) * EVALUATION_MS * (0.9 + 0.2 * fraction(this.#random)), () => { done({ kind: 'measured', losses, tokens: 0 }) })
  }

  #send (name: string, to: string, message: OneByteMessage): void {
    for (const other of to === EVERYONE ? this.#names : [to]) {
      if (other === name) continue
      this.#sentBytes += scalarWireBytes(message)
      if (!this.#isCut(name, other)) this.#links.carry(() => { (other === this.#skipper?.peer ? this.#skipper : this.#swarm[this.#names.indexOf(other)])?.receive(name, message) })
    }
  }

  #isCut (one: string, other: string): boolean {
    return [one, other].includes(this.#names.at(-1) as string) && isAway(this.#scenario, this.#clock.nowMs())
  }

  #compare (): void {
    for (const peer of this.#swarm) if (peer.step === this.#scenario.steps) peer.compare(this.#names[integerBelow(this.#random, this.#names.length)] as string)
    this.#clock.schedule(COMPARE_EVERY_MS, () => { this.#compare() })
  }

  #skipperOf ({ peers, skips }: ScalarScenario): WindowSkipper | undefined {
    const [leader, peer, key] = [this.#names[0], this.#names[peers], this.#keys[peers]]
    if (skips === undefined || leader === undefined || peer === undefined || key === undefined) return undefined
    return new WindowSkipper({ peer, leader, rules: this.#rules.ledger, sign: signer(key), skips, send: message => { this.#send(peer, EVERYONE, message) } })
  }

  /** A snapshot's weights come from whoever took it. */
  #adopt (index: number, { step, modelHash }: SnapshotOffer): void {
    const from = this.#swarm.findIndex(({ ledger }, at) => ledger.firstStep === step && this.#modelOf(at).hash(step) === modelHash)
    const source = this.#swarm[from]
    if (source === undefined) return
    const { weights, ...model } = this.#modelOf(from).startAt(step)
    const { sealed } = source.ledger
    this.#swarm[index]?.adopt({ weights, start: { model, snapshot: sealed, held: sealed }, modelHash }, () => undefined)
  }
}

function isAway ({ away }: ScalarScenario, nowMs: number): boolean {
  return away !== undefined && nowMs >= away.fromMs && nowMs < away.toMs
}

function rulesOf (scenario: ScalarScenario, names: readonly string[]): OneByteRules {
  const { steps, learningRate, peers, momentum, epochSteps = steps } = scenario
  const places = placesOf(scenario)
  const codec = scalarCodec()
  const isShared = scenario.passes === 'shared'
  const largestLearningRate = (isShared ? 2 : 1) * learningRate / peers / places.perStep
  const schedule = scheduleOf({ first: largestLearningRate, decay: 'linear', steps })
  return {
    ledger: { runId: `scalar-${scenario.seed}`, steps: places.placeAt(steps), window: places.perWindow, poolSize: isShared ? HALF_SEEDS : 0, isWhole: isShared, isMember: peer => names.includes(peer) },
    sharing: isShared ? { places, codec, form: 'value' } : undefined,
    model: {
      noise: rademacher, codec, learningRate: place => schedule(places.stepAt(place)), largestLearningRate, window: places.perWindow, clip: scenario.clip,
      epochSteps: places.placeAt(epochSteps), contributions: places.placeAt(epochSteps) * peers,
      ...momentum === undefined ? {} : { momentum: { beta: momentum, epochWindows: Math.ceil(epochSteps / scenario.window), runWindows: Math.ceil(steps / scenario.window) } }
    },
    places,
    epsilon: () => EPSILON,
    checkEvery: 8 * places.perWindow
  }
}

function lossOf (problem: ScalarProblem, { weights }: ByteModel): number {
  return problem.loss(readAll(weights))
}
