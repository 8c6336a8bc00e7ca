import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { FINGERPRINT_ROUNDS } from '../../../src/averaging/round-history.ts'
import type { Trainer } from '../../../src/ports.ts'
import { words } from '../../../src/random/words.ts'
import { QuadraticTrainer } from '../../../testnet/simulator/quadratic-trainer.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import type { Fault, Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'
import type { MachineClock } from '../../../testnet/simulator/virtual-clock.ts'

const calm = calmSwarm.conditions
const rough = { ...calm, jitterMs: 30, lostMessages: 0.01, repeatedMessages: 0.01, brokenExchanges: 0.002, lostAnnouncements: 0.02 }
/** All are stopped in the middle of the same step, where they would not end together by themselves. */
const stops = Array.from({ length: 6 }, (_, peer): Fault => ({ atMs: 50_500, kind: 'stop', peer }))
const swarm = (preset: string, seed: number, overrides: Partial<Scenario>): Scenario => ({
  ...calmSwarm, seed, method: methodPreset(preset, { graceMs: 4000 }), peers: 6, steps: 50, stepMs: [1000, 1000], parameters: 64, ...overrides
})
const apart = ({ peers }: SimulationResult): number => {
  const [first, ...others] = peers.filter(({ ended }) => ended !== 'crashed').map(({ weights }) => weights)
  return Math.max(...others.map(weights => Math.max(...weights.map((value, index) => Math.abs(value - first![index]!)))))
}
const takenOver = ({ records }: SimulationResult): number => records.filter(({ reason }) => reason.startsWith('took over the shared weights')).length

describe.each(['ddp', 'demo'])('replicas of %s end with the same weights', preset => {
  it.each<[string, Partial<Scenario>, least: number]>([
    ['after messages were lost', { conditions: rough, faults: [{ atMs: 40_000, kind: 'weather', conditions: calm }] }, 1],
    ['where one came late', { startMsOf: [0, 0, 0, 0, 0, 20_000], faults: stops }, 1],
    ['after a partition', { faults: [{ atMs: 15_500, kind: 'partition', sides: [[0, 1, 2, 3], [4, 5]] }, { atMs: 30_000, kind: 'heal' }] }, 2]
  ])('%s', (_, overrides, least) => {
    for (const seed of [1, 2, 3]) {
      const result = simulate(swarm(preset, seed, overrides))
      expect(result.violations).toEqual([])
      expect(takenOver(result)).toBeGreaterThanOrEqual(least)
      expect(apart(result)).toBe(0)
    }
  })

  it('at whatever moment of a round one of them crashes', () => {
    // a step of a second, and two to seven messages of 20 to 40 ms
    for (let moment = 0; moment < 8; moment++) {
      const result = simulate(swarm(preset, moment, { conditions: { ...calm, jitterMs: 20 }, faults: [{ atMs: 20_500 + 150 * moment, kind: 'crash', peer: moment % 6 }] }))
      expect(result.violations).toEqual([])
      expect(apart(result)).toBe(0)
    }
  })
})

describe('replicas that share gradients', () => {
  it('compare their weights themselves now and then: one that rounded differently once comes back', () => {
    const steps = FINGERPRINT_ROUNDS + 6
    const method = methodPreset('ddp', { graceMs: 4000 })
    const trainerOf = (index: number, clock: MachineClock): Trainer => {
      const problem = { optimum: new Float32Array(8).fill(index), learningRate: 0.05, noise: 0.1, stepMs: 1000, tokensPerStep: 128 }
      const trainer = new QuadraticTrainer(new Float32Array(8), problem, clock, words(7, index))
      return index === 1 ? roundingOnce(trainer) : trainer
    }
    const ran = (count: number): SimulationResult => simulate({ ...calmSwarm, peers: 3, method, steps: count, parameters: 8, trainerOf })
    expect(apart(ran(FINGERPRINT_ROUNDS - 2))).toBeGreaterThan(0)
    const result = ran(steps)
    expect(apart(result)).toBe(0)
    expect(takenOver(result)).toBe(1)
    // the referee saw it from the third step to the look at the weights
    expect(result.violations.at(-1)).toBe(`peer-1 and peer-2 share other weights after round ${FINGERPRINT_ROUNDS - 1}`)
  })
})

/** Its third step ends in other bits than the others'. */
function roundingOnce (trainer: QuadraticTrainer): Trainer {
  const { weights, gradients } = trainer
  return {
    weights,
    get step () { return trainer.step },
    train: (untilStep, done) => { trainer.train(untilStep, done) },
    stop: () => { trainer.stop() },
    gradients: {
      ...gradients,
      finishStep: (options, finished) => {
        gradients.finishStep(options)
        if (trainer.step === 3) weights[0]! *= 1 + 2 ** -20
        finished?.()
      }
    }
  }
}
