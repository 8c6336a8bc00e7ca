import { beforeAll, describe, expect, it } from 'vitest'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { replayedPlayer } from '../../../src/spsa/pack-players.ts'
import { logisticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { RUN, STEPS, ferret, kSeed, nameOfPeer, problem as quadratic, runPackSwarm } from './pack-swarm.ts'
import type { Course, Ground, Member } from './pack-swarm.ts'

const CALM = { lost: 0, repeated: 0, jitterMs: 50 }
const LOUDEST = 127
/** Batches so large that two liars' noise is no part of what is measured. */
const problem = logisticProblem(10, 2, 256)
const RATE = 0.8
const MOVED = 1e-2

/** Gradient descent on a peer's own batches; differences are gradients enough here. */
const descend: Ground['descend'] = (theta, peer, step) => {
  const here = problem.batchLoss(heldWeights(theta), peer, step)
  const gradient = theta.map((_, index) => (problem.batchLoss(heldWeights(theta.map((value, other) => other === index ? value + MOVED : value)), peer, step) - here) / MOVED)
  theta.forEach((value, index) => { theta[index] = value - RATE * gradient[index]! })
}

const hashes = (swarm: readonly Member[]): Set<string> => new Set(swarm.map(({ machine }) => hashWeights(machine.weights)))
const lossOf = (swarm: readonly Member[]): number => problem.loss(readAll(swarm[0]!.machine.weights))

describe.each([
  ['fedkseed', { ...kSeed, peers: 8, learningRate: 0.3, localSteps: 20, checkEvery: 10, snapshotEvery: 20, levelsAboveMedian: 0 }, 600],
  ['fedkseed-pro', { ...kSeed, peers: 8, learningRate: 0.3, localSteps: 20, checkEvery: 10, snapshotEvery: 20, levelsAboveMedian: 0, importance: true }, 800],
  ['ferret', { ...ferret, peers: 8, directions: 64, blockSize: 5, checkEvery: 10, snapshotEvery: 20, levelsAboveMedian: 0 }, 200]
] as const)('eight peers of %s', (_, method, steps) => {
  const play = (course: Course = {}): Member[] => runPackSwarm(method, CALM, { ...course, ground: { problem, steps, descend } })
  let honest = NaN
  beforeAll(() => { honest = lossOf(play()) })

  it('learn', () => { expect(honest).toBeLessThan(1.05 * problem.floor) })

  it('lose less than 5 % to two who send the largest levels against what they found, and have the same bits', () => {
    const swarm = play({ liars: { peers: [6, 7], lie: { level: level => -LOUDEST * Math.sign(level) } } })
    expect(lossOf(swarm)).toBeLessThan(1.05 * honest)
    expect(hashes(swarm).size).toBe(1)
  })
})

describe.each([['fedkseed', kSeed], ['fedkseed-pro', { ...kSeed, importance: true }], ['ferret', ferret]] as const)('a peer of %s whose losses are no numbers', (_, method) => {
  it('sends abstentions, which move nobody, and has the bits of the others, who learn on', () => {
    const swarm = runPackSwarm({ ...method, snapshotEvery: 1000 }, CALM, { liars: { peers: [3], lie: { loss: () => NaN, weight: () => NaN } } })
    const theirs = swarm[0]!.machine.ledger.counted().filter(({ peer }) => peer === nameOfPeer(3))
    expect(theirs).toHaveLength(STEPS / method.localSteps)
    for (const { levels } of theirs) expect([...levels].every(level => level === 0)).toBe(true)
    expect(readAll(replayedPlayer(method, { runId: RUN, steps: STEPS }, quadratic.start, theirs).model.weights)).toEqual(quadratic.start)
    expect(quadratic.loss(readAll(swarm[0]!.machine.weights))).toBeLessThan(0.7 * quadratic.loss(quadratic.start))
    expect(hashes(swarm).size).toBe(1)
  })
})
