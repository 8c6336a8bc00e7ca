import { tokensPerStepOf } from '../../src/manifest/tokens.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import { tf } from '../../src/kernels/tensor.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { viewOf } from '../../src/parameters/layout.ts'
import type { ScalarRequest } from '../../src/ports.ts'
import { movedWeights } from '../../src/spsa/accumulator.ts'
import { directionLosses } from '../../src/spsa/direction-losses.ts'
import { methodNoise } from '../../src/spsa/method-noise.ts'
import { ModelWork } from '../../src/spsa/model-worker.ts'
import { byteModelRules } from '../../src/spsa/scalar-methods.ts'
import { heldWeights, readAll } from '../../src/spsa/weight-source.ts'
import { evaluate } from '../../src/training/evaluation.ts'
import { sampleText } from '../../src/training/text-sampling.ts'
import type { Answers, ScalarSettings, WorkerInput } from './messages.ts'
import { createMeter } from './session.ts'
import type { Report, Session } from './session.ts'
import { createThrottle } from './throttle.ts'
import { trainedMemory } from './trained-memory.ts'
import { openTrainingInput } from './training-input.ts'

/**
 * The trainer's side of the worker for methods that send scalars: no optimizer and no weights on the backend, only θ₀ and A in shared memory. Of a run of bytes it keeps those, too,
 * so that what moves them has its turn between two measurements and holds nobody else's thread.
 *
 * @throws ShoalError CHECKPOINT_INCOMPATIBLE · RangeError when the shard has no window
 */
export function createScalarSession (input: WorkerInput, settings: ScalarSettings, report: Report): Session {
  const { stopFlag } = input
  const model = createModel(input.model)
  const { sample, heldOut, tokenizer } = openTrainingInput(input)
  const noise = methodNoise(settings)
  const { memory, lift, ...begin } = trainedMemory(input, settings)
  const base = heldWeights(memory.base)
  const trained = settings.unit === undefined ? base : movedWeights(base, memory.integers, settings.unit / noise.integersPerUnit)
  const bytes = settings.bytes && new ModelWork(memory, byteModelRules(settings.bytes.method, settings.bytes.steps), settings.bytes.runId)
  const meter = createMeter(tokensPerStepOf(input), report)
  const throttle = createThrottle(input.compute.throttle, stopFlag, input.leastStepMs)
  let { step } = begin

  const measure = async (request: ScalarRequest): Promise<Answers['measure']> => {
    const batch = sample(request.batch ?? request.step)
    meter.begin()
    const losses = await directionLosses({ model, weights: trained, lift, noise, batch, shouldStop: () => Atomics.load(stopFlag, 0) !== 0 }, request)
    if (losses === undefined) return { outcome: { kind: 'stopped', step: request.step }, secondsTraining: meter.end() }
    step = request.step + 1
    const measured = losses.flatMap(({ above, below }) => [above, below]).filter(loss => !Number.isNaN(loss))
    meter.count(step, measured.reduce((sum, loss) => sum + loss, 0) / measured.length)
    throttle(meter)
    return { outcome: { kind: 'measured', losses, tokens: batch.targets.length }, secondsTraining: meter.end() }
  }

  /** With θ, or other weights of its size. */
  const withParameters = async <T>(others: Float32Array | undefined, use: (parameters: readonly Tensor[]) => Promise<T>): Promise<T> => {
    if (others !== undefined && others.length !== model.layout.size) throw new RangeError(`${others.length} weights do not fit a model of ${model.layout.size}`)
    return await withTensors(model, others ?? readAll(lift(trained)), use)
  }
  let measuredLoss = NaN

  return {
    get step () { return step },
    async answer (request, onText) {
      const previousLoss = measuredLoss
      measuredLoss = NaN
      switch (request.kind) {
        case 'measure': return await measure(request.request)
        case 'model': {
          if (bytes === undefined) throw new RangeError('this trainer was not started to keep a model of bytes')
          return request.task.kind === 'read' ? readAll(lift(trained)) : bytes.do(request.task)
        }
        case 'evaluate': {
          const shouldStop = (): boolean => Atomics.load(request.stop, 0) !== 0
          const evaluation = await withParameters(request.weights, async parameters => await evaluate(model, parameters, heldOut(), shouldStop))
          if (request.weights === undefined) measuredLoss = evaluation.loss
          return evaluation
        }
        case 'sample': return await withParameters(request.weights, async parameters => await sampleText(model, parameters, request.text, {
          onText, shouldStop: () => Atomics.load(request.stop, 0) !== 0, ...tokenizer === undefined ? {} : { tokenizer }
        }))
        case 'readState': {
          if (request.better !== undefined && !(previousLoss < request.better)) return undefined
          const none = (): Float32Array => new Float32Array(model.layout.size)
          return { step, weights: readAll(lift(trained)), firstMoment: none(), secondMoment: none() }
        }
        default: throw new RangeError(`a trainer of scalars does not ${request.kind}: it only measures`)
      }
    }
  }
}

/** Weights as tensors for as long as `use` takes: judging and writing need inference's memory. */
async function withTensors<Result> (model: Model, weights: Float32Array, use: (parameters: readonly Tensor[]) => Promise<Result>): Promise<Result> {
  const parameters = model.layout.slots.map(slot => tf.tensor(viewOf(weights, slot).slice(), [...slot.shape]))
  try {
    return await use(parameters)
  } finally {
    tf.dispose(parameters)
  }
}
