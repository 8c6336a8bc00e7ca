import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { decodeScalars, encodeScalars } from '../../protocols/scalars/messages.ts'
import { fraction, integerBelow } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { fingerprintOf } from '../../src/spsa/ledger.ts'
import type { Sign, Verify } from '../../src/spsa/ledger-entry.ts'
import type { LedgerStart } from '../../src/spsa/ledger-start.ts'
import { EVERYONE } from '../../src/spsa/one-byte-messages.ts'
import type { OneByteMessage, OneByteReport, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import { PackMachine } from '../../src/spsa/pack-machine.ts'
import { packMachineRules } from '../../src/spsa/pack-methods.ts'
import type { PackSpec } from '../../src/spsa/pack-methods.ts'
import type { PackPorts } from '../../src/spsa/pack-player.ts'
import { keptPacks, packPlayer } from '../../src/spsa/pack-players.ts'
import { noiseOf } from '../../src/spsa/noise.ts'
import { heldWeights, perturbed } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import { signer } from '../../node/scalars/signing.ts'
import type { ScalarProblem } from './scalar-problems.ts'
import { sharedVerify } from './shared-verify.ts'
import { TaskQueue } from './task-queue.ts'
import { VirtualClock } from './virtual-clock.ts'

export const PACK_RUN = 'packs'

const secretOf = (peer: number): Uint8Array => new Uint8Array(32).fill(peer + 1)
export const nameOfPeer = (peer: number): string => bytesToHex(ed25519.getPublicKey(secretOf(peer)))
export const signAs = (peer: number): Sign => signer(secretOf(peer))

export interface Member {
  readonly machine: PackMachine
  /** What everything it counts by now makes. */
  readonly weights: WeightSource
  readonly reports: OneByteReport[]
  /** Its sums, for a test that spoils them. */
  readonly integers: Int32Array
}

const EVALUATION_MS = 50
/** Of Ferret's local steps: a round takes as long as one of FedKSeed. */
const TRAINING_MS = 500
const MOVED = 1e-2

/** What a swarm learns. */
export interface Ground {
  readonly problem: ScalarProblem
  readonly steps: number
  /** A first-order step of a peer, in place. */
  readonly descend: (theta: Float32Array, peer: number, step: number) => void
}

/** Gradient descent on a peer's own batches; differences are gradients enough here. */
export function descending (problem: ScalarProblem, rate: number): Ground['descend'] {
  return (theta, peer, step) => {
    const here = problem.batchLoss(heldWeights(theta), peer, step)
    const slopeOf = (index: number): number => (problem.batchLoss(heldWeights(theta.map((value, other) => other === index ? value + MOVED : value)), peer, step) - here) / MOVED
    const gradient = theta.map((_, index) => slopeOf(index))
    theta.forEach((value, index) => { theta[index] = value - rate * (gradient[index] as number) })
  }
}

export interface Around {
  readonly send: (to: string, message: OneByteMessage) => void
  /** Keys of the others who are there. */
  readonly others?: () => readonly string[]
  /** What became of a snapshot that most others have and this peer has not. */
  readonly overruled?: (offer: SnapshotOffer) => void
  readonly start?: LedgerStart
  readonly lie?: Lie | undefined
  readonly ground: Ground
  /** How long each task takes whoever keeps the weights, one after the other; no time when left out. */
  readonly keeperTaskMs?: number | undefined
  /** Why whoever keeps the weights answers nothing more, once it is gone. */
  readonly keeperGone?: () => string | undefined
  /** Every peer's own when left out. */
  readonly verify?: Verify
}

/** What a peer makes of the truth; nothing of what is left out. */
export interface Lie {
  /** Of a loss that it measured. */
  readonly loss?: (loss: number) => number
  /** Of a weight that a first-order step moved. */
  readonly weight?: (moved: number) => number
  /** Of a level that it sends. */
  readonly level?: (level: number) => number
}

/** One peer on a clock, whose messages go wherever `send` takes them. */
export function member (method: PackSpec, peer: number, clock: VirtualClock, { send, others = () => [], overruled = () => undefined, start, lie, ground, keeperTaskMs = 0, keeperGone = () => undefined, verify = sharedVerify() }: Around): Member {
  const { problem, steps: runSteps } = ground
  const size = problem.start.length
  const [reports, integers, theta] = [[] as OneByteReport[], new Int32Array(size), problem.start.slice()]
  const noise = noiseOf(method.noise)
  const lying = (ports: PackPorts): PackPorts => ({ ...ports, send: (pack, sent) => {
    pack.levels.forEach((level, at) => { pack.levels[at] = lie?.level?.(level) ?? level })
    ports.send(pack, sent)
  } })
  const run = { runId: PACK_RUN, steps: runSteps }
  const keeper = keptPacks(method, run, { base: heldWeights(problem.start), integers, trained: theta })
  const turns = new TaskQueue(clock, keeperTaskMs)
  const machine: PackMachine = new PackMachine((ports, from) => packPlayer(method, run, size, {
    draws: words(1, 501, peer), disclose: undefined,
    measure: ({ step, epsilon, directions }, done) => {
      turns.take(() => {
        const losses = directions.map(({ seed }) => {
          const truth = (signed: number): number => problem.batchLoss(perturbed(keeper.model.weights, noise, seed, signed), peer, step)
          const at = (signed: number): number => lie?.loss?.(truth(signed)) ?? truth(signed)
          return { above: at(epsilon), below: at(-epsilon) }
        })
        clock.schedule(EVALUATION_MS, () => { done({ kind: 'measured', losses, tokens: 1 }) })
      })
    },
    train: (steps, done) => {
      const begun = machine.step
      turns.take(() => {
        clock.schedule(TRAINING_MS, () => {
          for (let step = 0; step < steps; step++) ground.descend(theta, peer, begun + step)
          theta.forEach((value, index) => { theta[index] = lie?.weight?.(value) ?? value })
          done({ kind: 'reached', step: begun + steps, tokens: 1, meanLoss: problem.loss(theta) })
        })
      })
    }
  }, lying(ports), from), packMachineRules(method, { ...run, isMember: () => true }, size), {
    peer: nameOfPeer(peer), sign: signAs(peer), verify,
    keeper: {
      ask: (task, answer) => {
        turns.take(() => {
          const reason = keeperGone()
          if (reason === undefined) keeper.ask(task, answer)
          else answer({ kind: 'lost', reason })
        })
      }
    },
    keep: (_entry, kept) => { kept() }, send, others,
    report: event => {
      reports.push(event)
      if (event.kind === 'overruled') overruled(event.offer)
    }
  }, start)
  return { machine, reports, integers, weights: { size, read: (first, target) => { keeper.model.weights.read(first, target) } } }
}

export interface Links { readonly lost: number, readonly repeated: number, readonly jitterMs: number }

export interface Course {
  /** They ask somebody for all that happened once the first peer has taken a snapshot. */
  readonly late?: readonly number[]
  /** They tell something else than they measured. */
  readonly liars?: { readonly peers: readonly number[], readonly lie: Lie }
  readonly ground: Ground
  /** As of a peer. */
  readonly keeperTaskMs?: number
  /** When the last peer hears and is heard by nobody. */
  readonly away?: { readonly fromMs: number, readonly toMs: number }
}

const COMPARE_EVERY_MS = 1000
/** Comparing on after the last step, until nothing can be missing any more. */
const AFTERMATH_MS = 30_000

/** A snapshot comes from whoever took it. */
function adopt ({ machine }: Member, offer: SnapshotOffer, swarm: readonly Member[]): void {
  const sealed = swarm.flatMap(({ reports }) => reports.flatMap(report => report.kind === 'sealed' && report.start.snapshot.step === offer.step ? [report] : []))
  const found = sealed.find(({ start: { snapshot } }) => fingerprintOf(snapshot) === offer.fingerprint)
  if (found !== undefined) machine.adopt({ weights: found.weights, start: { ...found.start, held: found.start.snapshot }, modelHash: offer.modelHash }, () => undefined)
}

/** Peers over links that lose, repeat and reorder, as bytes, in virtual time. */
export function runPackSwarm (method: PackSpec, { lost, repeated, jitterMs }: Links, { late = [], liars, away, ground, keeperTaskMs }: Course): Member[] {
  const clock = new VirtualClock()
  const verify = sharedVerify()
  const chance = words(7, 402)
  const peers = [...Array(method.peers).keys()]
  const isIn = new Set(peers.filter(peer => !late.includes(peer)))
  const isAway = (peer: number): boolean => away !== undefined && peer === peers.length - 1 && clock.nowMs() >= away.fromMs && clock.nowMs() < away.toMs
  const reaches = (one: number, other: number): boolean => one !== other && isIn.has(one) && isIn.has(other) && !isAway(one) && !isAway(other)
  const deliver = (from: number, to: number, bytes: Uint8Array): void => {
    if (!reaches(from, to) || fraction(chance) < lost) return
    for (let copy = fraction(chance) < repeated ? 2 : 1; copy > 0; copy--) {
      clock.schedule(30 + jitterMs * fraction(chance), () => { swarm[to]?.machine.receive(nameOfPeer(from), decodeScalars(bytes)) })
    }
  }
  const swarm: Member[] = peers.map(self => member(method, self, clock, {
    send: (to, message) => { for (const other of to === EVERYONE ? peers : [peers.findIndex(peer => nameOfPeer(peer) === to)]) deliver(self, other, encodeScalars(message)) },
    others: () => peers.filter(other => reaches(self, other)).map(nameOfPeer),
    overruled: offer => { clock.schedule(30, () => { adopt(swarm[self] as Member, offer, swarm) }) },
    ground, keeperTaskMs, verify, lie: liars?.peers.includes(self) === true ? liars.lie : undefined
  }))
  const join = (peer: number): void => {
    isIn.add(peer)
    const { machine, reports } = swarm[peer] as Member
    const seek = (): void => {
      const offer = reports.find(report => report.kind === 'offered')?.offer
      if (offer === undefined) machine.seek(nameOfPeer(0), false)
      else if (offer.step > machine.ledger.firstStep) adopt(swarm[peer] as Member, offer, swarm)
      else if (reports.some(({ kind }) => kind === 'settled')) {
        machine.start(machine.ledger.reach())
        return
      } else machine.inquire(nameOfPeer(0))
      clock.schedule(COMPARE_EVERY_MS, seek)
    }
    seek()
  }
  const compare = (): void => {
    for (const [peer, { machine, reports }] of swarm.entries()) {
      if (reports.some(({ kind }) => kind === 'finished')) machine.compare(nameOfPeer((peer + 1 + integerBelow(chance, peers.length - 1)) % peers.length))
    }
    clock.schedule(COMPARE_EVERY_MS, compare)
  }
  for (const [peer, { machine }] of swarm.entries()) if (isIn.has(peer)) machine.start(0)
  const joinLate = (): void => {
    if (swarm[0]?.reports.some(({ kind }) => kind === 'sealed') === true) for (const peer of late) join(peer)
    else clock.schedule(COMPARE_EVERY_MS, joinLate)
  }
  joinLate()
  clock.schedule(COMPARE_EVERY_MS, compare)
  while (!swarm.every(({ reports }) => reports.some(({ kind }) => kind === 'finished')) && clock.advance());
  const endMs = clock.nowMs() + AFTERMATH_MS
  while (clock.advance(endMs));
  return swarm
}
