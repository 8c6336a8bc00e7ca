import { tokensPerStepOf } from '../../src/manifest/tokens.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { genesisState } from '../../src/training/trainer-state.ts'
import type { Answers, WorkerInput } from './messages.ts'
import { createMeter } from './session.ts'
import type { Report, Session } from './session.ts'

/** Words of the seed that nothing else draws. */
const STREAM = 301
/** Values that are drawn once; every training adds them from another place on. */
const DRAWN = 65_536
/** About what a step of AdamW moves a weight by. */
const STEP_SIZE = 1e-4
/** Nats per token that it pretends to have. */
const PRETENDED_LOSS = 1

/**
 * A trainer that computes nothing: a step takes its time and moves the weights by noise, so that what is sent has the length of the real thing.
 * It shows what the network does to training on machines that have no processor to spare for the training itself.
 */
export function createEmulatedSession (input: WorkerInput, stepMs: number, report: Report): Session {
  const { sharedWeights, stopFlag } = input
  const state = input.state ?? genesisState(input.model, input.seed)
  const meter = createMeter(tokensPerStepOf(input), report)
  const noise = new Float32Array(DRAWN)
  fillGaussian(noise, words(input.samplingSeed, STREAM), STEP_SIZE)
  sharedWeights.set(state.weights)
  let { step } = state

  const train = (untilStep: number): Answers['train'] => {
    const begin = step
    meter.begin()
    const beganMs = performance.now()
    while (step < untilStep && Atomics.load(stopFlag, 0) === 0) {
      // Within the last step's time, for it stands for what steps do; a stretch that is stopped before it leaves the weights as they were.
      if (step + 1 === untilStep) drift(sharedWeights, noise, untilStep, Math.sqrt(untilStep - begin))
      // From the beginning on, so that a timer that is late once does not make every step late.
      Atomics.wait(stopFlag, 0, 0, Math.max(0, beganMs + (step + 1 - begin) * stepMs - performance.now()))
      step++
      meter.count(step, PRETENDED_LOSS)
    }
    const secondsTraining = meter.end()
    const tokens = (step - begin) * tokensPerStepOf(input)
    return { outcome: step >= untilStep ? { kind: 'reached', step, tokens, meanLoss: PRETENDED_LOSS } : { kind: 'stopped', step }, secondsTraining }
  }

  return {
    get step () { return step },
    answer: async request => {
      switch (request.kind) {
        case 'train': return Promise.resolve(train(request.untilStep))
        case 'evaluate': return Promise.resolve({ loss: PRETENDED_LOSS, accuracy: 0, tokens: 1 })
        case 'sample': return Promise.resolve('')
        case 'readState': return Promise.resolve(request.better === undefined ? { step, weights: sharedWeights.slice(), firstMoment: new Float32Array(sharedWeights.length), secondMoment: new Float32Array(sharedWeights.length) } : undefined)
        default: throw new RangeError(`an emulated trainer does not ${request.kind}`)
      }
    }
  }
}

/** Noise of so many steps together; where it begins differs from training to training. */
function drift (weights: Float32Array, noise: Float32Array, step: number, scale: number): void {
  const offset = Math.imul(step, 0x9e37_79b1) >>> 16
  for (let index = 0; index < weights.length; index++) weights[index] = (weights[index] as number) + scale * (noise[index + offset & DRAWN - 1] as number)
}
