import { describe, expect, it } from 'vitest'
import type { TrainingOutcome } from '../../../src/ports.ts'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { ferretArithmetic } from '../../../src/spsa/ferret-arithmetic.ts'
import { FerretPeer, evenBlocks } from '../../../src/spsa/ferret-peer.ts'
import type { FerretRules } from '../../../src/spsa/ferret-peer.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { KeptPacks } from '../../../src/spsa/pack-keeper.ts'
import type { Pack } from '../../../src/spsa/pack-model.ts'
import type { PackReport } from '../../../src/spsa/pack-player.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { words } from '../../../src/random/words.ts'
import { quadraticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import { bell } from './support.ts'

const SIZE = 64
const problem = quadraticProblem(SIZE, 1)
const optimum = readAll(heldWeights(bell(SIZE, 3)))
const rules: FerretRules = { runId: 'f', blocks: evenBlocks(SIZE, 16), directions: 48, localSteps: 4, rounds: 20, peers: 4, noise: rademacher, codec: scalarCodec(1e-5), largestLevel: 104 }
const RATE = 0.2

/** Gradient descent on ½‖θ − θ*‖². */
function descend (weights: Float32Array, steps: number): void {
  for (let step = 0; step < steps; step++) weights.forEach((value, index) => { weights[index] = value + RATE * (optimum[index]! - value) })
}

function distance (weights: Float32Array): number {
  return weights.reduce((sum, value, index) => sum + (value - optimum[index]!) ** 2, 0)
}

const keeperOf = (all: FerretRules, trained: Float32Array): KeptPacks => new KeptPacks({ base: heldWeights(problem.start), integers: new Int32Array(SIZE), trained }, ferretArithmetic(all))

function run (changes: Partial<FerretRules> = {}): { readonly keepers: KeptPacks[], readonly packs: Pack[], readonly reports: PackReport[] } {
  const clock = new VirtualClock()
  const all = { ...rules, ...changes }
  const delays = words(1, 502)
  const [packs, reports]: [Pack[], PackReport[]] = [[], []]
  const thetas = Array.from({ length: all.peers }, () => new Float32Array(SIZE))
  const keepers = thetas.map(theta => keeperOf(all, theta))
  const peers: FerretPeer[] = thetas.map((weights, self) => {
    let step = 0
    return new FerretPeer(all, {
      peer: `peer-${self}`, keeper: keepers[self]!,
      train: (steps: number, done: (outcome: TrainingOutcome) => void) => {
        clock.schedule(40 + delays.next() % 20, () => {
          descend(weights, steps)
          step += steps
          done({ kind: 'reached', step, tokens: 1, meanLoss: distance(weights) / 2 })
        })
      },
      send: (pack, sent) => {
        packs.push(pack)
        peers.forEach((other, index) => { if (index !== self) clock.schedule(delays.next() % 100, () => { other.receive([pack]) }) })
        sent()
      },
      report: event => { reports.push(event) }
    })
  })
  for (const peer of peers) peer.start()
  while (clock.advance());
  return { keepers, packs, reports }
}

describe('a Ferret swarm', () => {
  it('ends with the same bits at everybody, whatever came when, and learns', () => {
    const { keepers, packs } = run()
    expect(new Set(keepers.map(({ model }) => hashWeights(model.weights))).size).toBe(1)
    expect(packs).toHaveLength(rules.peers * rules.rounds)
    expect(distance(readAll(keepers[0]!.model.weights))).toBeLessThan(0.02 * distance(problem.start))
  })

  it('sends no more coordinates than the rules allow, three bytes each', () => {
    for (const { levels, pool } of run().packs) {
      expect(levels.length).toBeLessThanOrEqual(rules.directions)
      expect(pool).toHaveLength(levels.length)
    }
  })

  it('rebuilds a move to within √(1 − s) of its length, with many times as many directions as values', () => {
    const { keepers } = run({ peers: 1, rounds: 1, directions: 16 * SIZE })
    const trained = new Float32Array(SIZE)
    descend(trained, rules.localSteps)
    const lengthOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0)
    const missing = readAll(keepers[0]!.model.weights).map((value, index) => value - trained[index]!)
    // The mean over directions is 15 of 256 + 15; this draw stays below twice that.
    expect(lengthOf(missing) / lengthOf(trained)).toBeLessThan(2 * 15 / 271)
  })
})

it('refuses, with a reason and nothing moved, what does not fit the run', () => {
  const reports: PackReport[] = []
  const keeper = keeperOf(rules, new Float32Array(SIZE))
  const peer = new FerretPeer(rules, {
    peer: 'self', keeper, train: () => undefined, send: () => undefined, report: event => { reports.push(event) }
  })
  const pack = (changes: Partial<Pack>): Pack => ({ peer: 'ann', firstStep: 0, levels: Int8Array.of(90, -90), pool: Uint16Array.of(0, 3), ...changes })
  for (const bad of [
    pack({ firstStep: 20 * 48 }), pack({ firstStep: -48 }), pack({ firstStep: 24 }), pack({ levels: Int8Array.of(1) }), pack({ pool: Uint16Array.of(3, 0) }), pack({ pool: Uint16Array.of(0, 4) }),
    pack({ levels: new Int8Array(49), pool: new Uint16Array(49) }), pack({ levels: Int8Array.of(-128, 0) })
  ]) peer.receive([bad])
  expect(readAll(keeper.model.weights)).toEqual(problem.start)
  peer.receive([pack({})])
  const moved = readAll(keeper.model.weights)
  expect(moved).not.toEqual(problem.start)
  peer.receive([pack({})])
  expect(readAll(keeper.model.weights)).toEqual(moved)
  expect(reports.map(report => report.kind === 'refused' ? report.code : '')).toEqual(
    ['WRONG_STEP', 'WRONG_STEP', 'WRONG_STEP', 'WRONG_STEP', 'SEED_OUTSIDE_POOL', 'SEED_OUTSIDE_POOL', 'WRONG_STEP', 'BAD_LEVEL', 'REPLAY'])
})

it('cuts a vector into even blocks', () => {
  expect(evenBlocks(10, 4)).toEqual([{ first: 0, size: 3 }, { first: 3, size: 3 }, { first: 6, size: 4 }])
})
