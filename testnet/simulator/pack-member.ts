import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { words } from '../../src/random/words.ts'
import type { Sign, Verify } from '../../src/spsa/ledger-entry.ts'
import type { LedgerStart } from '../../src/spsa/ledger-start.ts'
import type { OneByteMessage, OneByteReport, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import { PackMachine } from '../../src/spsa/pack-machine.ts'
import { packMachineRules } from '../../src/spsa/pack-methods.ts'
import type { PackSpec } from '../../src/spsa/pack-methods.ts'
import type { KeptPacks, PackKeeper } from '../../src/spsa/pack-keeper.ts'
import type { PackPorts } from '../../src/spsa/pack-player.ts'
import { keptPacks, packPlayer } from '../../src/spsa/pack-players.ts'
import { noiseOf } from '../../src/spsa/noise.ts'
import type { Noise } from '../../src/spsa/noise.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import { signer } from '../../node/scalars/signing.ts'
import { problemLosses } from './problem-losses.ts'
import type { ScalarProblem } from './scalar-problems.ts'
import { sharedVerify } from './shared-verify.ts'
import { TaskQueue } from './task-queue.ts'
import type { VirtualClock } from './virtual-clock.ts'

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
export function member (method: PackSpec, peer: number, clock: VirtualClock, around: Around): Member {
  const { others = () => [], overruled = () => undefined, start, ground: { problem, steps }, keeperTaskMs = 0, verify = sharedVerify() } = around
  const size = problem.start.length
  const [reports, integers, theta] = [[] as OneByteReport[], new Int32Array(size), problem.start.slice()]
  const run = { runId: PACK_RUN, steps }
  const keeper = keptPacks(method, run, { base: heldWeights(problem.start), integers, trained: theta })
  const turns = new TaskQueue(clock, keeperTaskMs)
  const trainer = trainerOf({ noise: noiseOf(method.noise), peer, clock, turns, theta, keeper, reached: () => machine.step }, around)
  const machine: PackMachine = new PackMachine(
    (ports, from) => packPlayer(method, run, size, { draws: words(1, 501, peer), disclose: undefined, ...trainer }, lying(ports, around.lie), from),
    packMachineRules(method, { ...run, isMember: () => true }, size),
    {
      peer: nameOfPeer(peer), sign: signAs(peer), verify, keeper: mortal(keeper, turns, around.keeperGone), keep: (_entry, kept) => { kept() }, send: around.send, others,
      report: event => {
        reports.push(event)
        if (event.kind === 'overruled') overruled(event.offer)
      }
    },
    start
  )
  return { machine, reports, integers, weights: { size, read: (first, target) => { keeper.model.weights.read(first, target) } } }
}

const honest = (value: number): number => value

interface Bench {
  readonly noise: Noise
  readonly peer: number
  readonly clock: VirtualClock
  readonly turns: TaskQueue
  readonly theta: Float32Array
  readonly keeper: KeptPacks
  /** Steps so far. */
  readonly reached: () => number
}

/** Whoever measures and steps takes his time on the clock, and lies. */
function trainerOf ({ noise, peer, clock, turns, theta, keeper, reached }: Bench, { ground: { problem, descend }, lie = {} }: Around): Pick<Parameters<typeof packPlayer>[3], 'measure' | 'train'> {
  const { loss: told = honest, weight: moved = honest } = lie
  return {
    measure: (request, done) => {
      turns.take(() => {
        const losses = problemLosses({ problem, weights: keeper.model.weights, noise, peer, told }, request)
        clock.schedule(EVALUATION_MS, () => { done({ kind: 'measured', losses, tokens: 1 }) })
      })
    },
    train: (steps, done) => {
      const begun = reached()
      turns.take(() => {
        clock.schedule(TRAINING_MS, () => {
          for (let step = 0; step < steps; step++) descend(theta, peer, begun + step)
          theta.forEach((value, index) => { theta[index] = moved(value) })
          done({ kind: 'reached', step: begun + steps, tokens: 1, meanLoss: problem.loss(theta) })
        })
      })
    }
  }
}

function lying (ports: PackPorts, { level: told = honest }: Lie = {}): PackPorts {
  return {
    ...ports,
    send: (pack, sent) => {
      pack.levels.forEach((level, at) => { pack.levels[at] = told(level) })
      ports.send(pack, sent)
    }
  }
}

/** A keeper that may be gone. */
function mortal (keeper: KeptPacks, turns: TaskQueue, whyGone: () => string | undefined = () => undefined): PackKeeper {
  return {
    ask: (task, answer) => {
      turns.take(() => {
        const reason = whyGone()
        if (reason === undefined) keeper.ask(task, answer)
        else answer({ kind: 'lost', reason })
      })
    }
  }
}
