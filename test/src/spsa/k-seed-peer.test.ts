import { describe, expect, it } from 'vitest'
import type { ScalarOutcome } from '../../../src/ports.ts'
import { words } from '../../../src/random/words.ts'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { KSeedArithmetic, kSeedFixedPoint } from '../../../src/spsa/k-seed-arithmetic.ts'
import { KSeedPeer } from '../../../src/spsa/k-seed-peer.ts'
import type { KSeedRules } from '../../../src/spsa/k-seed-peer.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { KeptPacks } from '../../../src/spsa/pack-keeper.ts'
import type { Pack } from '../../../src/spsa/pack-model.ts'
import type { PackReport } from '../../../src/spsa/pack-player.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { seedOfPool } from '../../../src/spsa/seeds.ts'
import { heldWeights, perturbed, readAll } from '../../../src/spsa/weight-source.ts'
import { quadraticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

const problem = quadraticProblem(64, 1)
const rules: KSeedRules = {
  runId: 'k', poolSize: 256, localSteps: 10, rounds: 12, peers: 4, epsilon: () => 1e-3, learningRate: () => 0.01, largestLearningRate: 0.01,
  codec: scalarCodec(), largestLevel: 100, noise: rademacher, isPro: false
}

const { unit } = kSeedFixedPoint(rules)

interface Swarm { readonly peers: KSeedPeer[], readonly keepers: KeptPacks[], readonly reports: PackReport[], readonly packs: Pack[] }

const keeperOf = (all: KSeedRules): KeptPacks => new KeptPacks({ base: heldWeights(problem.start), integers: new Int32Array(problem.start.length), trained: new Float32Array(0) }, new KSeedArithmetic(all))

/** Links delay each pack for itself, so that packs overtake one another and rounds of others. */
function run (changes: Partial<KSeedRules> = {}, { jitterMs = 500, failAt = Infinity, seed = 1 } = {}): Swarm {
  const clock = new VirtualClock()
  const all = { ...rules, ...changes }
  const [reports, packs, delays]: [PackReport[], Pack[], ReturnType<typeof words>] = [[], [], words(seed, 500)]
  const keepers = Array.from({ length: all.peers }, () => keeperOf(all))
  const peers: KSeedPeer[] = Array.from({ length: all.peers }, (_, self) => new KSeedPeer(all, {
    peer: `peer-${self}`,
    keeper: keepers[self]!,
    draws: words(seed, 501, self),
    measure: (request, done) => {
      const theta = keepers[self]!.model.weights
      const losses = request.directions.map(direction => ({
        above: problem.batchLoss(perturbed(theta, all.noise, direction.seed, request.epsilon), self, request.step),
        below: problem.batchLoss(perturbed(theta, all.noise, direction.seed, -request.epsilon), self, request.step)
      }))
      clock.schedule(10 + delays.next() % 5, () => {
        done(self === 0 && request.step === failAt ? { kind: 'failed', reason: 'the loss is NaN' } : { kind: 'measured', losses, tokens: 1 })
      })
    },
    send: (pack, sent) => {
      packs.push(pack)
      peers.forEach((other, index) => { if (index !== self) clock.schedule(delays.next() % jitterMs, () => { other.receive([pack]) }) })
      sent()
    },
    report: event => { reports.push(event) }
  }))
  for (const peer of peers) peer.start()
  while (clock.advance());
  return { peers, keepers, reports, packs }
}

describe('a FedKSeed swarm', () => {
  it.each([false, true])('ends with the same bits at everybody, whatever came when, and learns (Pro: %s)', isPro => {
    const { peers, keepers, packs } = run({ isPro })
    expect(new Set(keepers.map(({ model }) => hashWeights(model.weights))).size).toBe(1)
    expect(new Set(peers.map(({ pool }) => pool.sums.join())).size).toBe(1)
    expect(packs).toHaveLength(rules.peers * rules.rounds)
    expect(problem.loss(readAll(keepers[0]!.model.weights))).toBeLessThan(0.35 * problem.loss(problem.start))
  })

  it('is rebuilt from θ₀ and K numbers alone', () => {
    const { peers: [peer], keepers: [keeper] } = run()
    expect(readAll(peer!.pool.weights(heldWeights(problem.start), unit))).toEqual(readAll(keeper!.model.weights))
  })

  it('gives the same swarm for the same seed', () => {
    expect(run().reports).toEqual(run().reports)
  })

  it('stays far below 18 KB a round: three bytes a step', () => {
    const { packs } = run()
    for (const { levels, pool } of packs) expect(levels.byteLength + pool.byteLength).toBe(3 * rules.localSteps)
  })
})

describe('a FedKSeed peer', () => {
  it('takes its own steps back where it cannot go on, says why, and still counts others', () => {
    const { keepers, reports, packs } = run({}, { failAt: 25 })
    expect(reports).toContainEqual({ kind: 'ended', how: 'failed', reason: 'the loss is NaN' })
    expect(new Set(keepers.map(({ model }) => hashWeights(model.weights))).size).toBe(1)
    expect(packs.filter(({ peer }) => peer === 'peer-0')).toHaveLength(2)
  })

  it('refuses, with a reason and nothing moved, what does not fit the run', () => {
    const reports: PackReport[] = []
    const keeper = keeperOf(rules)
    const peer = new KSeedPeer(rules, {
      peer: 'self', keeper, draws: words(1, 1), measure: () => undefined, send: () => undefined, report: event => { reports.push(event) }
    })
    const pack = (changes: Partial<Pack>): Pack => ({ peer: 'ann', firstStep: 0, levels: new Int8Array(10).fill(40), pool: new Uint16Array(10), ...changes })
    for (const bad of [
      pack({ firstStep: 3 }), pack({ firstStep: 120 }), pack({ firstStep: -10 }), pack({ levels: new Int8Array(9) }), pack({ pool: new Uint16Array(10).fill(256) }),
      pack({ levels: new Int8Array(10).fill(-128) })
    ]) peer.receive([bad])
    expect(readAll(keeper.model.weights)).toEqual(problem.start)
    peer.receive([pack({})])
    const moved = readAll(keeper.model.weights)
    expect(moved).not.toEqual(problem.start)
    peer.receive([pack({})])
    expect(readAll(keeper.model.weights)).toEqual(moved)
    expect(reports.map(report => report.kind === 'refused' ? report.code : '')).toEqual(['WRONG_STEP', 'WRONG_STEP', 'WRONG_STEP', 'WRONG_STEP', 'SEED_OUTSIDE_POOL', 'BAD_LEVEL', 'REPLAY'])
    peer.withdraw(pack({}))
    expect(readAll(keeper.model.weights)).toEqual(problem.start)
  })

  it('moves by η/peers times what it decodes, exactly', () => {
    const keeper = keeperOf(rules)
    const peer = new KSeedPeer(rules, { peer: 'self', keeper, draws: words(1, 1), measure: () => undefined, send: () => undefined, report: () => undefined })
    peer.receive([{ peer: 'ann', firstStep: 0, levels: Int8Array.of(40, 0, 0, 0, 0, 0, 0, 0, 0, 0), pool: new Uint16Array(10).fill(7) }])
    const step = Math.round(0.01 / rules.peers * rules.codec.decode(40) / unit) * unit
    const z = readAll(perturbed(heldWeights(new Float32Array(64)), rademacher, seedOfPool('k', 7), 1))
    expect(readAll(keeper.model.weights)).toEqual(z.map(sign => -step * sign))
  })

  it('moves itself, too, by what it discloses alone', () => {
    const done: Array<(outcome: ScalarOutcome) => void> = []
    const reports: PackReport[] = []
    const keeper = keeperOf(rules)
    const peer = new KSeedPeer(rules, {
      peer: 'self', keeper, draws: words(1, 1), measure: (_, finish) => { done.push(finish) }, send: () => undefined, report: event => { reports.push(event) }, disclose: scalar => scalar > 0 ? 1 : -1
    })
    peer.start()
    done[0]!({ kind: 'measured', losses: [{ above: 7, below: 1 }], tokens: 1 })
    expect(reports[0]).toMatchObject({ kind: 'step', level: rules.codec.encode(1) })
    const step = Math.round(0.01 * rules.codec.decode(rules.codec.encode(1)) / unit) * unit
    expect(readAll(keeper.model.weights).every(weight => Math.abs(weight) === step)).toBe(true)
  })
})
