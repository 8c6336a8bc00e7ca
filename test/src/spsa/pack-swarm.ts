import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { decodeScalars, encodeScalars } from '../../../protocols/scalars/messages.ts'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import { fraction, integerBelow } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import { EVERYONE } from '../../../src/spsa/one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from '../../../src/spsa/one-byte-messages.ts'
import { PackMachine } from '../../../src/spsa/pack-machine.ts'
import { packMachineRules } from '../../../src/spsa/pack-methods.ts'
import type { PackSpec } from '../../../src/spsa/pack-methods.ts'
import { packPlayer } from '../../../src/spsa/pack-players.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'
import { perturbed } from '../../../src/spsa/weight-source.ts'
import { noiseOf } from '../../../src/spsa/noise.ts'
import { quadraticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

export const SIZE = 64
export const problem = quadraticProblem(SIZE, 1)
export const STEPS = 120
export const RUN = 'packs'

export const kSeed = { ...scalarPresets.fedkseed, peers: 4, learningRate: 0.01, poolSize: 64, localSteps: 10, checkEvery: 2 } as const satisfies ScalarSpec
export const ferret = { ...scalarPresets.ferret, peers: 4, smallest: 1e-5, localSteps: 4, directions: 48, blockSize: 16, checkEvery: 2 } as const satisfies ScalarSpec

const secretOf = (peer: number): Uint8Array => new Uint8Array(32).fill(peer + 1)
export const nameOfPeer = (peer: number): string => bytesToHex(ed25519.getPublicKey(secretOf(peer)))
export const signAs = (peer: number) => (message: Uint8Array): Uint8Array => ed25519.sign(message, secretOf(peer))

export interface Member {
  readonly machine: PackMachine
  readonly reports: OneByteReport[]
  /** Its sums, for a test that spoils them. */
  readonly integers: Int32Array
}

/** Where the quadratic's loss is least: it falls by ½ more than its slope from one weight's 0 to 1. */
const optimum = problem.start.map((_, index) => {
  const moved = new Float32Array(SIZE)
  moved[index] = 1
  return 0.5 + problem.loss(problem.start) - problem.loss(moved)
})

/** All peers are one machine here: what one has verified, the others need not. */
const verdicts = new Map<string, boolean>()
function verify (signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  const name = bytesToHex(signature) + bytesToHex(message)
  const verdict = verdicts.get(name) ?? ed25519.verify(signature, message, key)
  verdicts.set(name, verdict)
  return verdict
}

const EVALUATION_MS = 50
/** Of Ferret's local steps: a round takes as long as one of FedKSeed. */
const TRAINING_MS = 500
/** Of gradient descent on the quadratic, for Ferret's local steps. */
const RATE = 0.2

/** One peer on a clock, whose messages go wherever `send` takes them. */
export function member (method: PackSpec, peer: number, clock: VirtualClock, send: (to: string, message: OneByteMessage) => void): Member {
  const [reports, integers, theta] = [[] as OneByteReport[], new Int32Array(SIZE), problem.start.slice()]
  const noise = noiseOf(method.noise)
  const machine: PackMachine = new PackMachine(ports => packPlayer(method, { runId: RUN, steps: STEPS }, problem.start, {
    weights: theta, integers, draws: words(1, 501, peer), disclose: undefined,
    measure: ({ step, epsilon, directions }, done) => {
      const losses = directions.map(({ seed }) => {
        const at = (signed: number): number => problem.batchLoss(perturbed(machine.weights, noise, seed, signed), peer, step)
        return { above: at(epsilon), below: at(-epsilon) }
      })
      clock.schedule(EVALUATION_MS, () => { done({ kind: 'measured', losses, tokens: 1 }) })
    },
    train: (steps, done) => {
      clock.schedule(TRAINING_MS, () => {
        for (let step = 0; step < steps; step++) theta.forEach((value, index) => { theta[index] = value + RATE * (optimum[index]! - value) })
        done({ kind: 'reached', step: machine.step + steps, tokens: 1, meanLoss: problem.loss(theta) })
      })
    }
  }, ports), packMachineRules(method, { runId: RUN, steps: STEPS, isMember: () => true }, SIZE), {
    peer: nameOfPeer(peer), sign: signAs(peer), verify,
    keep: (_entry, kept) => { kept() }, send, report: event => { reports.push(event) }
  })
  return { machine, reports, integers }
}

export interface Links { readonly lost: number, readonly repeated: number, readonly jitterMs: number }

/** FedKSeed's run takes twice this. */
const HALF_MS = STEPS * EVALUATION_MS / 2
const COMPARE_EVERY_MS = 1000
/** Comparing on after the last step, until nothing can be missing any more. */
const AFTERMATH_MS = 30_000

/** Peers over links that lose, repeat and reorder, as bytes; whoever is `late` asks somebody for all that happened when half of the run is over. */
export function runPackSwarm (method: PackSpec, { lost, repeated, jitterMs }: Links, late: readonly number[] = []): Member[] {
  const clock = new VirtualClock()
  const chance = words(7, 402)
  const swarm: Member[] = Array.from({ length: 4 }, (_, self) => member(method, self, clock, (to, message) => {
    for (const other of to === EVERYONE ? swarm.keys() : [swarm.findIndex((_, index) => nameOfPeer(index) === to)]) if (other !== self) deliver(self, other, encodeScalars(message))
  }))
  const isIn = new Set([...swarm.keys()].filter(peer => !late.includes(peer)))
  const deliver = (from: number, to: number, bytes: Uint8Array): void => {
    if (!isIn.has(to) || fraction(chance) < lost) return
    for (let copy = fraction(chance) < repeated ? 2 : 1; copy > 0; copy--) {
      clock.schedule(30 + jitterMs * fraction(chance), () => { swarm[to]?.machine.receive(nameOfPeer(from), decodeScalars(bytes)) })
    }
  }
  const join = (peer: number): void => {
    isIn.add(peer)
    const seek = (): void => {
      const { machine, reports } = swarm[peer] as Member
      if (reports.some(({ kind }) => kind === 'settled')) machine.start(machine.ledger.reach())
      else {
        machine.inquire(nameOfPeer(0))
        clock.schedule(COMPARE_EVERY_MS, seek)
      }
    }
    seek()
  }
  const compare = (): void => {
    for (const [peer, { machine, reports }] of swarm.entries()) {
      if (reports.some(({ kind }) => kind === 'finished')) machine.compare(nameOfPeer((peer + 1 + integerBelow(chance, 3)) % 4))
    }
    clock.schedule(COMPARE_EVERY_MS, compare)
  }
  for (const [peer, { machine }] of swarm.entries()) if (isIn.has(peer)) machine.start(0)
  for (const peer of late) clock.schedule(HALF_MS, () => { join(peer) })
  clock.schedule(COMPARE_EVERY_MS, compare)
  while (!swarm.every(({ reports }) => reports.some(({ kind }) => kind === 'finished')) && clock.advance());
  const endMs = clock.nowMs() + AFTERMATH_MS
  while (clock.advance(endMs));
  return swarm
}
