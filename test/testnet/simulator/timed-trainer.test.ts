import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import type { Scenario } from '../../../testnet/simulator/simulation.ts'
import { simulate, simulateTraining } from '../../../testnet/simulator/simulation.ts'
import type { RealTraining } from '../../../testnet/simulator/timed-trainer.ts'
import { TimedTrainer } from '../../../testnet/simulator/timed-trainer.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

/** θ ← θ + peer, a thousandth a step, and every stretch takes a few turns of the event loop. */
class SlowTraining implements RealTraining {
  readonly weights = new Float32Array(8)
  step = 0
  readonly #pull: number
  readonly #turns: number

  constructor (pull: number, turns: number) { this.#pull = pull; this.#turns = turns }

  async train (untilStep: number): Promise<{ tokens: number, meanLoss: number }> {
    for (let turn = 0; turn < this.#turns; turn++) await Promise.resolve()
    const steps = untilStep - this.step
    this.weights.forEach((value, index) => { this.weights[index] = value + steps * this.#pull / 1000 })
    this.step = untilStep
    return { tokens: 10 * steps, meanLoss: 1 }
  }
}

const scenario = (turns: (index: number) => number): Scenario => ({
  ...calmSwarm, peers: 4, method: methodPreset('fedavg', { everySteps: 10, graceMs: 4000, codec: 'fp32' }), steps: 100, parameters: 8,
  trainerOf: (index, clock) => new TimedTrainer(new SlowTraining(index, turns(index)), clock, 100 + index)
})

describe('real training in virtual time', () => {
  it('is the same however long it really takes, and averages as if it took none', async () => {
    const quick = await simulateTraining(scenario(() => 0))
    const slow = await simulateTraining(scenario(index => 50 * (index + 1)))
    expect(slow.hash).toBe(quick.hash)
    expect(quick.violations).toEqual([])
    expect(quick.records.every(({ outcome }) => outcome === 'averaged')).toBe(true)
    // a hundred steps with the mean pull of 0, 1, 2 and 3
    for (const { weights, step } of quick.peers) {
      expect(step).toBe(100)
      for (const value of weights) expect(value).toBeCloseTo(0.15, 5)
    }
  })

  it('refuses to be hurried', () => {
    expect(() => simulate(scenario(() => 1))).toThrow('work is under way')
  })

  it('stops after the step under way, and tells when it fails', async () => {
    const clock = new VirtualClock()
    const trainer = new TimedTrainer(new SlowTraining(1, 3), clock, 100)
    const heard: unknown[] = []
    trainer.train(10, outcome => heard.push(outcome))
    clock.schedule(250, () => { trainer.stop() })
    while (await clock.advanceWhenReady());
    expect(heard).toEqual([{ kind: 'stopped', step: 3 }])
    expect(clock.nowMs()).toBe(300)
    const broken = new TimedTrainer({ weights: new Float32Array(1), step: 0, train: async () => Promise.reject(new Error('the loss is NaN')) }, clock, 100)
    broken.train(5, outcome => heard.push(outcome))
    while (await clock.advanceWhenReady());
    expect(heard[1]).toEqual({ kind: 'failed', reason: 'the loss is NaN' })
  })

  it('goes on after a restart from its own checkpoint, with the moments that its optimizer had then', async () => {
    const begun: Array<[number, number, number | undefined]> = []
    const { peers, violations } = await simulateTraining({
      ...scenario(() => 1), checkpointEveryMs: 0,
      trainerOf: (index, clock, from) => {
        begun.push([index, from?.step ?? 0, from?.moments?.firstMoment[0]])
        const training = new SlowTraining(index, 1)
        training.step = from?.step ?? 0
        training.weights.set(from?.weights ?? [])
        const timed = new TimedTrainer(training, clock, 100)
        return {
          weights: timed.weights, get step () { return timed.step }, train: (untilStep, done) => { timed.train(untilStep, done) }, stop: () => { timed.stop() },
          moments: () => ({ firstMoment: new Float32Array([timed.step]), secondMoment: new Float32Array(1) })
        }
      },
      faults: [{ kind: 'kill', peer: 1, afterRound: 4, laterMs: 500 }, { kind: 'join', peer: 1, afterRound: 4, laterMs: 700 }]
    })
    expect(violations).toEqual([])
    expect(peers.map(({ step }) => step)).toEqual([100, 100, 100, 100])
    expect(begun.slice(0, 4)).toEqual([0, 1, 2, 3].map(index => [index, 0, undefined]))
    expect(begun.slice(4)).toEqual([[1, 40, 40]])
  })
})
