import { beforeAll, describe, expect, it } from 'vitest'
import { readAll } from '../../../src/spsa/weight-source.ts'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { replayedPacks } from '../../../src/spsa/pack-players.ts'
import { logisticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { PACK_RUN, descending, nameOfPeer } from '../../../testnet/simulator/pack-member.ts'
import type { Member } from '../../../testnet/simulator/pack-member.ts'
import { runPackSwarm } from '../../../testnet/simulator/pack-swarm.ts'
import type { Course } from '../../../testnet/simulator/pack-swarm.ts'
import { STEPS, ferret, kSeed, problem as quadratic, runPackSwarm as runOnQuadratic } from './pack-ground.ts'

const CALM = { lost: 0, repeated: 0, jitterMs: 50 }
const LOUDEST = 127
/** Batches so large that two liars' noise is no part of what is measured. */
const problem = logisticProblem(10, 2, 256)
const RATE = 0.8

const hashes = (swarm: readonly Member[]): Set<string> => new Set(swarm.map(({ weights }) => hashWeights(weights)))
const lossOf = (swarm: readonly Member[]): number => problem.loss(readAll(swarm[0]!.weights))

describe.each([
  ['fedkseed', { ...kSeed, peers: 8, learningRate: 0.3, localSteps: 20, checkEvery: 10, snapshotEvery: 20, levelsAboveMedian: 0 }, 600],
  ['fedkseed-pro', { ...kSeed, peers: 8, learningRate: 0.3, localSteps: 20, checkEvery: 10, snapshotEvery: 20, levelsAboveMedian: 0, importance: true }, 800],
  ['ferret', { ...ferret, peers: 8, directions: 64, blockSize: 5, checkEvery: 10, snapshotEvery: 20, levelsAboveMedian: 0 }, 200]
] as const)('eight peers of %s', (_, method, steps) => {
  const play = (course: Pick<Course, 'liars'> = {}): readonly Member[] => runPackSwarm(method, CALM, { ...course, ground: { problem, steps, descend: descending(problem, RATE) } })
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
    const swarm = runOnQuadratic({ ...method, snapshotEvery: 1000 }, CALM, { liars: { peers: [3], lie: { loss: () => NaN, weight: () => NaN } } })
    const theirs = swarm[0]!.machine.ledger.counted().filter(({ peer }) => peer === nameOfPeer(3))
    expect(theirs).toHaveLength(STEPS / method.localSteps)
    for (const { levels } of theirs) expect([...levels].every(level => level === 0)).toBe(true)
    expect(readAll(replayedPacks(method, { runId: PACK_RUN, steps: STEPS }, quadratic.start, theirs).keeper.model.weights)).toEqual(quadratic.start)
    expect(quadratic.loss(readAll(swarm[0]!.weights))).toBeLessThan(0.7 * quadratic.loss(quadratic.start))
    expect(hashes(swarm).size).toBe(1)
  })
})
