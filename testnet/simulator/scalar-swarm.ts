import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { ClipRules } from '../../src/spsa/clipping.ts'
import { fraction, integerBelow } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
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
import { perturbed, readAll } from '../../src/spsa/weight-source.ts'
import { encodeScalars } from '../../protocols/scalars/messages.ts'
import { signer } from '../../node/scalars/signing.ts'
import type { ScalarProblem } from './scalar-problems.ts'
import { sharedVerify } from './shared-verify.ts'
import { TaskQueue } from './task-queue.ts'
import { VirtualClock } from './virtual-clock.ts'
import { WindowSkipper } from './window-skipper.ts'

export interface ScalarScenario {
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
  /** Probabilities that a message vanishes and that it arrives twice. */
  readonly lost: number
  readonly repeated: number
  /** Up to so much later, each message for itself: they overtake one another. */
  readonly jitterMs: number
  /** One way; 30 when left out. */
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

const LATENCY_MS = 30
const EVALUATION_MS = 50
const COMPARE_EVERY_MS = 1000
/** Comparing on after the last step, until nothing can be missing any more. */
const AFTERMATH_MS = 60_000
/** What a message costs besides itself: its length, the stream's header and the encryption's. */
const FRAME_BYTES = 2 + 12 + 18
const EPSILON = 1e-3

/** Runs a `one-byte` swarm in virtual time over links that lose, repeat and reorder; the same scenario gives the same outcome. */
export function runScalarSwarm (scenario: ScalarScenario): ScalarOutcome {
  const clock = new VirtualClock()
  const verify = sharedVerify()
  const random = words(scenario.seed, 402)
  const reports: OneByteReport[] = []
  const curve: number[] = []
  const keys = Array.from({ length: scenario.peers + (scenario.skips === undefined ? 0 : 1) }, (_, index) => new Uint8Array(32).fill(index + 1))
  const names = keys.map(key => bytesToHex(ed25519.getPublicKey(key)))
  let bytes = 0
  const isCut = (one: string, other: string): boolean => [one, other].includes(names.at(-1) as string) && isAway(scenario, clock.nowMs())
  const deliver = (from: string, to: string, message: OneByteMessage): void => {
    bytes += sizeOf(message)
    if (fraction(random) < scenario.lost || isCut(from, to)) return
    const copies = fraction(random) < scenario.repeated ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      clock.schedule((scenario.latencyMs ?? LATENCY_MS) + scenario.jitterMs * fraction(random), () => { (to === skipper?.peer ? skipper : swarm[names.indexOf(to)])?.receive(from, message) })
    }
  }
  const sendAs = (name: string, to: string, message: OneByteMessage): void => { for (const other of to === EVERYONE ? names : [to]) if (other !== name) deliver(name, other, message) }
  const rules = rulesOf(scenario, names)
  const skipper = skipperOf(scenario, rules.ledger, { names, keys, sendAs })
  const works = names.slice(0, scenario.peers).map(() => new ModelWork(modelMemory(scenario.problem.start), rules.model, rules.ledger.runId))
  const turns = works.map(() => new TaskQueue(clock, scenario.modelTaskMs ?? 0))
  const modelOf = (index: number): ByteModel => (works[index] as ModelWork).model
  const measurements = works.map((_work, index) => measurer(scenario, () => modelOf(index), index, clock, () => fraction(random)))
  const swarm: OneBytePeer[] = names.slice(0, scenario.peers).map((name, index) => new OneBytePeer(rules, {
    peer: name,
    model: { ask: (task, answer) => { turns[index]?.take(() => { works[index]?.ask(task, answer) }) } },
    sign: signer(keys[index] as Uint8Array),
    verify,
    keep: (_entry, kept) => { kept() },
    measure: (request, done) => { turns[index]?.take(() => { measurements[index]?.(request, done) }) },
    send: (to, message) => { sendAs(name, to, message) },
    others: () => names.filter(other => other !== name && (scenario.away?.isUnnoticed === true || !isCut(name, other))),
    clock,
    report (event) {
      reports.push(event)
      if (event.kind === 'overruled') clock.schedule(LATENCY_MS, () => { adopt(swarm, modelOf, index, event.offer) })
      if (index === 0 && event.kind === 'step' && event.step % scenario.window === 0) curve.push(lossOf(scenario.problem, modelOf(0)))
    }
  }))
  const compare = (): void => {
    for (const peer of swarm) if (peer.step === scenario.steps) peer.compare(names[integerBelow(random, names.length)] as string)
    clock.schedule(COMPARE_EVERY_MS, compare)
  }
  for (const peer of swarm) peer.start()
  clock.schedule(COMPARE_EVERY_MS, compare)
  while (swarm.some(({ step }) => step < scenario.steps) && clock.advance());
  const [spent, endedMs] = [bytes, clock.nowMs()]
  while (clock.advance(endedMs + AFTERMATH_MS));
  return {
    losses: works.map(({ model }) => lossOf(scenario.problem, model)),
    curve,
    distinctModels: new Set(works.map(({ model }) => model.hash())).size,
    endedMs,
    bytesPerStepAndPeer: spent / scenario.steps / scenario.peers,
    reports,
    swarm
  }
}

interface Around {
  readonly names: readonly string[]
  readonly keys: readonly Uint8Array[]
  readonly sendAs: (name: string, to: string, message: OneByteMessage) => void
}

function skipperOf ({ peers, skips }: ScalarScenario, rules: OneByteRules['ledger'], { names, keys, sendAs }: Around): WindowSkipper | undefined {
  const [leader, peer, key] = [names[0], names[peers], keys[peers]]
  if (skips === undefined || leader === undefined || peer === undefined || key === undefined) return undefined
  return new WindowSkipper({ peer, leader, rules, sign: signer(key), skips, send: message => { sendAs(peer, EVERYONE, message) } })
}

function isAway ({ away }: ScalarScenario, nowMs: number): boolean {
  return away !== undefined && nowMs >= away.fromMs && nowMs < away.toMs
}

/** A snapshot's weights come from whoever took it. */
function adopt (swarm: readonly OneBytePeer[], modelOf: (index: number) => ByteModel, index: number, { step, modelHash }: SnapshotOffer): void {
  const from = swarm.findIndex(({ ledger }, at) => ledger.firstStep === step && modelOf(at).hash(step) === modelHash)
  const source = swarm[from]
  if (source === undefined) return
  const { weights, ...model } = modelOf(from).startAt(step)
  const { sealed } = source.ledger
  swarm[index]?.adopt({ weights, start: { model, snapshot: sealed, held: sealed }, modelHash }, () => undefined)
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

/** The weights are read when a forward pass starts; the losses are known when both have ended. A liar turns its measurement round and magnifies it. */
function measurer (scenario: ScalarScenario, self: () => ByteModel, index: number, clock: VirtualClock, chance: () => number): OneBytePorts['measure'] {
  const exaggeration = index < scenario.peers - scenario.liars ? 1 : -1e6
  return ({ step, epsilon, directions, side, batch }, done) => {
    const losses = directions.map(({ seed }) => {
      const at = (own: 'above' | 'below', signed: number): number => side !== undefined && side !== own
        ? NaN
        : exaggeration * scenario.problem.batchLoss(perturbed(self().weights, rademacher, seed, signed), batch === undefined ? index : 0, batch ?? step)
      return { above: at('above', epsilon), below: at('below', -epsilon) }
    })
    clock.schedule((side === undefined ? 2 : 1) * EVALUATION_MS * (0.9 + 0.2 * chance()), () => { done({ kind: 'measured', losses, tokens: 0 }) })
  }
}

function lossOf (problem: ScalarProblem, { weights }: ByteModel): number {
  return problem.loss(readAll(weights))
}

function sizeOf (message: OneByteMessage): number {
  return FRAME_BYTES + encodeScalars(message).length
}
