import { describe, expect, it } from 'vitest'
import { logisticProblem, quadraticProblem } from '../../../testnet/simulator/scalar-problems.ts'
import { runScalarSwarm } from '../../../testnet/simulator/scalar-swarm.ts'
import type { ScalarScenario } from '../../../testnet/simulator/scalar-swarm.ts'

const scenario: ScalarScenario = {
  problem: quadraticProblem(64, 1),
  peers: 8, liars: 0, steps: 128, window: 16, learningRate: 0.01, clip: { levelsAboveMedian: 60, first: 100, ceiling: 100 }, lost: 0, repeated: 0, jitterMs: 0, seed: 1
}

describe('eight peers that send one byte a step', () => {
  it('have the same bits, and the loss falls as derived for n = 128 directions a window', () => {
    const { curve, distinctModels, bytesPerStepAndPeer, reports } = runScalarSwarm(scenario)
    expect(distinctModels).toBe(1)
    expect(bytesPerStepAndPeer).toBeLessThan(200)
    expect(reports.filter(({ kind }) => kind === 'agreed').length).toBeGreaterThan(0)
    expect(reports.some(({ kind }) => kind === 'refused' || kind === 'rebuilt')).toBe(false)
    // η falls within the run and packs arrive a little after their window: the curve is compared where it fell by much.
    const rates = Array.from({ length: 6 }, (_, window) => 0.01 / 8 * (1 - 0.9 * (16 * window + 8) / 128))
    const expected = rates.reduce((loss, rate) => loss * (1 - 2 * rate * 128 + rate ** 2 * 128 * 191), curve[0]!)
    expect(curve[6]! / expected).toBeGreaterThan(0.7)
    expect(curve[6]! / expected).toBeLessThan(1.5)
  })

  it('have the same bits although a fifth of all messages vanish, a fifth repeat and all overtake one another', () => {
    const rough = { ...scenario, steps: 256, lost: 0.2, repeated: 0.2, jitterMs: 2000 }
    const { distinctModels, losses, reports, bytesPerStepAndPeer } = runScalarSwarm(rough)
    expect(distinctModels).toBe(1)
    expect(bytesPerStepAndPeer).toBeLessThan(200)
    expect(losses[0]).toBeLessThan(scenario.problem.loss(scenario.problem.start))
    expect(reports.some(({ kind }) => kind === 'refused')).toBe(false)
  })

  it('take the same snapshots, and forget what these stand for', () => {
    const rough = { ...scenario, steps: 256, epochSteps: 32, lost: 0.1, repeated: 0.2, jitterMs: 1000 }
    const { distinctModels, reports, swarm } = runScalarSwarm(rough)
    expect(distinctModels).toBe(1)
    for (const { ledger } of swarm) {
      expect(ledger.firstStep).toBeGreaterThanOrEqual(128)
      expect(ledger.held.step).toBe(ledger.firstStep - 32)
      expect(Math.min(...ledger.entries().map(({ firstStep }) => firstStep))).toBe(ledger.held.step)
    }
    expect(reports.some(({ kind }) => kind === 'adopted' || kind === 'refused')).toBe(false)
  })

  it('have the same bits with several directions a step and momentum, over bad links and between snapshots', () => {
    const rough = { ...scenario, peers: 4, steps: 128, window: 8, epochSteps: 32, directions: 3, momentum: 0.8, lost: 0.1, repeated: 0.2, jitterMs: 1000 }
    const { distinctModels, losses, reports, swarm } = runScalarSwarm(rough)
    expect(distinctModels).toBe(1)
    expect(losses[0]).toBeLessThan(scenario.problem.loss(scenario.problem.start) / 2)
    for (const { step, ledger } of swarm) expect([step, ledger.reach()]).toEqual([128, 3 * 128])
    expect(Math.max(...swarm.map(({ ledger }) => ledger.firstStep))).toBeGreaterThanOrEqual(3 * 32)
    expect(reports.some(({ kind }) => kind === 'adopted' || kind === 'refused' || kind === 'rebuilt')).toBe(false)
  })

  it('go on without one who was away, who then goes on from their snapshot', () => {
    const { distinctModels, reports, swarm } = runScalarSwarm({ ...scenario, steps: 512, epochSteps: 32, away: { fromMs: 8_000, toMs: 30_000 } })
    expect(reports.some(({ kind }) => kind === 'adopted')).toBe(true)
    expect(distinctModels).toBe(1)
    expect(new Set(swarm.map(({ ledger }) => ledger.heads().map(({ next }) => next).join())).size).toBe(1)
  })

  it('have the same bits and take the same snapshots where whoever keeps the weights takes his time', () => {
    const { distinctModels, reports, swarm } = runScalarSwarm({ ...scenario, steps: 256, epochSteps: 32, lost: 0.1, repeated: 0.2, jitterMs: 1000, modelTaskMs: 70 })
    expect(distinctModels).toBe(1)
    expect(Math.min(...swarm.map(({ ledger }) => ledger.firstStep))).toBeGreaterThanOrEqual(128)
    expect(reports.filter(({ kind }) => kind === 'sealed').length).toBeGreaterThanOrEqual(8 * 4)
    expect(reports.some(({ kind }) => kind === 'adopted' || kind === 'refused' || kind === 'rebuilt')).toBe(false)
  })

  it('abstain where a loss is no number', () => {
    const broken = { ...scenario.problem, batchLoss: (): number => NaN }
    const { reports, losses } = runScalarSwarm({ ...scenario, problem: broken, steps: 32 })
    expect(reports.every(report => report.kind !== 'packed' || report.entry.levels.every(level => level === 0))).toBe(true)
    expect(losses[0]).toBe(broken.loss(broken.start))
  })
})

describe('two liars of eight, who turn round and magnify what they measured', () => {
  const logistic: ScalarScenario = {
    ...scenario, problem: logisticProblem(10, 2), steps: 512, learningRate: 0.5, clip: { levelsAboveMedian: 0, first: 48, ceiling: 90 }
  }

  it('cost a clipped swarm less than 5 %, and wreck one that does not clip', () => {
    const [honest, clipped, open] = [
      runScalarSwarm(logistic),
      runScalarSwarm({ ...logistic, liars: 2 }),
      runScalarSwarm({ ...logistic, liars: 2, clip: { levelsAboveMedian: 60, first: 90, ceiling: 90 } })
    ].map(({ losses }) => losses[0]!) as [number, number, number]
    expect(honest).toBeLessThan(1.05 * logistic.problem.floor)
    expect(clipped).toBeLessThan(1.05 * honest)
    expect(open).toBeGreaterThan(logistic.problem.loss(logistic.problem.start))
  })
})
