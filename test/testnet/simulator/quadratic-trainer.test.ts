import { describe, expect, it } from 'vitest'
import type { TrainingOutcome } from '../../../src/ports.ts'
import { words } from '../../../src/random/words.ts'
import { QuadraticTrainer } from '../../../testnet/simulator/quadratic-trainer.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'

function trainer (noise = 0): { clock: VirtualClock, trainer: QuadraticTrainer, outcomes: TrainingOutcome[] } {
  const clock = new VirtualClock()
  const problem = { optimum: new Float32Array([1, 3]), learningRate: 0.5, noise, stepMs: 10, tokensPerStep: 7 }
  return { clock, trainer: new QuadraticTrainer(new Float32Array([0, 1]), problem, clock, words(1, 2)), outcomes: [] }
}

describe('QuadraticTrainer', () => {
  it('halves the distance to its optimum at every step, ten milliseconds each', () => {
    const { clock, trainer: subject, outcomes } = trainer()
    subject.train(3, outcome => outcomes.push(outcome))
    expect(clock.advance()).toBe(true)
    expect(clock.nowMs()).toBe(30)
    expect([...subject.weights]).toEqual([0.875, 2.75])
    // losses before the steps: ½(1 + 4), ½(0.25 + 1), ½(0.0625 + 0.25)
    expect(outcomes).toEqual([{ kind: 'reached', step: 3, tokens: 21, meanLoss: (2.5 + 0.625 + 0.15625) / 3 }])
  })

  it('ends after the step under way when asked to stop, and goes on from there', () => {
    const { clock, trainer: subject, outcomes } = trainer()
    subject.train(10, outcome => outcomes.push(outcome))
    clock.schedule(12, () => { subject.stop(); subject.stop() })
    while (clock.advance());
    expect([clock.nowMs(), subject.step]).toEqual([20, 2])
    expect(outcomes).toEqual([{ kind: 'stopped', step: 2 }])
    subject.train(3, outcome => outcomes.push(outcome))
    while (clock.advance());
    expect([...subject.weights]).toEqual([0.875, 2.75])
  })

  it('refuses a second stretch at a time', () => {
    const { trainer: subject } = trainer()
    subject.train(3, () => undefined)
    expect(() => { subject.train(3, () => undefined) }).toThrow(RangeError)
  })
})
