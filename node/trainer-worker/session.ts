import { tokensPerStepOf } from '../../src/manifest/tokens.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { createDecoder } from '../../src/models/decoding.ts'
import { createModel } from '../../src/models/model.ts'
import type { Model } from '../../src/models/model.ts'
import type { TrainingOutcome } from '../../src/ports.ts'
import { createEnsembleDecoder, evaluateEnsemble } from '../../src/training/ensemble.ts'
import { evaluate } from '../../src/training/evaluation.ts'
import { innerLoop } from '../../src/training/inner-loop.ts'
import { createReplica } from '../../src/training/replica.ts'
import type { Replica } from '../../src/training/replica.ts'
import { sampleText, writeText } from '../../src/training/text-sampling.ts'
import type { TextTokenizer } from '../../src/training/text-sampling.ts'
import { genesisState } from '../../src/training/trainer-state.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import type { Backend } from '../backends/backend.ts'
import type { Answers, Request, StepProgress, WorkerInput } from './messages.ts'
import { createGradientSteps } from './gradient-steps.ts'
import { createThrottle } from './throttle.ts'
import { openTrainingInput } from './training-input.ts'

/** Progress is for eyes: four reports a second cost nothing and look smooth. */
const PROGRESS_INTERVAL_MS = 250

export type Report = (progress: StepProgress, secondsTraining: number) => void

/** The trainer's side of the worker: answers one request at a time. */
export interface Session {
  /** Inner steps taken. */
  readonly step: number
  /** @param onText told of text as it is written */
  answer (request: Request, onText: (piece: string) => void): Promise<Answers[keyof Answers]>
}

/**
 * Puts genesis or the given state on the backend, and θ into the shared weights.
 *
 * @throws ShoalError CHECKPOINT_INCOMPATIBLE · RangeError when the shard has no window
 */
export async function createSession (input: WorkerInput, backend: Backend, report: Report): Promise<Session> {
  const { inner, budgetSteps, sharedWeights } = input
  const model = createModel(input.model)
  const { sample, heldOut, tokenizer } = openTrainingInput(input)
  const replica = createReplica({ model, inner, budgetSteps, kernels: backend.kernels }, input.state ?? genesisState(input.model, input.seed))
  const meter = createMeter(tokensPerStepOf(input), report)
  const throttle = createThrottle(input.compute.throttle, input.stopFlag, input.leastStepMs)
  await replica.readWeights(sharedWeights)

  const train = async (untilStep: number): Promise<Answers['train']> => {
    const shouldStop = (): boolean => Atomics.load(input.stopFlag, 0) !== 0
    let failure: string | undefined
    let [tokens, lossSum, steps] = [0, 0, 0]
    meter.begin()
    for await (const event of innerLoop({ replica, sample, untilStep, shouldStop })) {
      if (event.kind === 'failed') {
        failure = event.reason
      } else {
        tokens += event.tokens
        lossSum += event.loss
        steps++
        meter.count(event.step, event.loss, { tokens: event.tokens, growth: replica.growth })
        // After the last step the others are waiting, who take as long where steps have a least time.
        if (event.step < untilStep || input.leastStepMs !== undefined) throttle(meter)
      }
    }
    await replica.readWeights(sharedWeights)
    const grown = replica.growth === undefined ? {} : { tokens: replica.growth.tokens }
    return { outcome: outcomeOf(replica.step, untilStep, tokens, lossSum / steps, failure), secondsTraining: meter.end(), ...grown }
  }

  const steps = createGradientSteps(input, { replica, sample, meter })
  /** Held-out loss of the replica as it is; NaN where the request before did not measure it. */
  let measuredLoss = NaN

  return {
    get step () { return replica.step },
    async answer (request, onText) {
      // Whatever was written into the shared weights since the last request is what this one means.
      replica.writeWeights(sharedWeights)
      const previousLoss = measuredLoss
      measuredLoss = NaN
      switch (request.kind) {
        case 'train': return await train(request.untilStep)
        case 'measure': case 'model': case 'packs': throw new RangeError('this trainer was not started to measure')
        case 'compute': return await steps.compute()
        case 'finish': return await steps.finish(request.descend)
        case 'evaluate': {
          const evaluation = await replica.withParameters(request.weights, async parameters => await evaluate(model, parameters, heldOut(), () => Atomics.load(request.stop, 0) !== 0))
          if (request.weights === undefined) measuredLoss = evaluation.loss
          return evaluation
        }
        case 'evaluateEnsemble': {
          const { ensemble, stop } = request
          return await withExperts(replica, ensemble.experts, async experts => await evaluateEnsemble(model, experts, heldOut(), ensemble, () => Atomics.load(stop, 0) !== 0))
        }
        case 'sample': return await write({ model, replica, tokenizer }, request, onText)
        case 'readState': return request.better === undefined || previousLoss < request.better ? await replica.readState() : undefined
      }
    }
  }
}

interface Writer {
  readonly model: Model
  readonly replica: Replica
  readonly tokenizer: TextTokenizer | undefined
}

async function write ({ model, replica, tokenizer }: Writer, { ensemble, text, stop, weights }: Extract<Request, { kind: 'sample' }>, onText: (piece: string) => void): Promise<string> {
  const options = { onText, shouldStop: () => Atomics.load(stop, 0) !== 0, ...tokenizer === undefined ? {} : { tokenizer } }
  if (ensemble === undefined) return await replica.withParameters(weights, async parameters => await sampleText(model, parameters, text, options))
  return await withExperts(replica, ensemble.experts, async experts => {
    const decoders = experts.map(parameters => createDecoder(model, parameters))
    return await writeText(model, createEnsembleDecoder(decoders, ensemble), text, options)
  })
}

/** Puts all experts on the backend for as long as `use` takes. */
async function withExperts<T> (replica: Replica, experts: readonly Float32Array[], use: (experts: ReadonlyArray<readonly Tensor[]>) => Promise<T>, placed: ReadonlyArray<readonly Tensor[]> = []): Promise<T> {
  const next = experts[placed.length]
  if (next === undefined) return await use(placed)
  return await replica.withParameters(next, async parameters => await withExperts(replica, experts, use, [...placed, parameters]))
}

function outcomeOf (step: number, untilStep: number, tokens: number, meanLoss: number, failure: string | undefined): TrainingOutcome {
  if (failure !== undefined) return { kind: 'failed', reason: failure }
  return step >= untilStep ? { kind: 'reached', step, tokens, meanLoss } : { kind: 'stopped', step }
}

export interface Meter {
  begin (): void
  /** @param grown where steps differ: tokens of this one, and what the replica tells of all */
  count (step: number, loss: number, grown?: { readonly tokens?: number, readonly growth?: TrainerState['growth'] | undefined }): void
  /** Milliseconds since `begin`. */
  elapsedMs (): number
  /** Seconds spent training so far. */
  end (): number
}

/** Measures training time only: the clock rests between trainings. */
export function createMeter (tokensPerStep: number, report: Report): Meter {
  let [finishedMs, beganMs] = [0, 0]
  let [reportedMs, steps, lossSum, counted] = [0, 0, 0, 0]
  const trainedMs = (): number => finishedMs + performance.now() - beganMs
  return {
    begin: () => { beganMs = performance.now() },
    elapsedMs: () => performance.now() - beganMs,
    count: (step, loss, { tokens = tokensPerStep, growth } = {}) => {
      steps++
      counted += tokens
      lossSum += loss
      const elapsedMs = trainedMs() - reportedMs
      if (elapsedMs < PROGRESS_INTERVAL_MS) return
      const tellsPasses = growth === undefined ? {} : { passes: growth.passes }
      report({ step, tokens: growth?.tokens ?? step * tokensPerStep, loss: lossSum / steps, tokensPerSecond: counted / (elapsedMs / 1000), ...tellsPasses }, trainedMs() / 1000)
      ;[reportedMs, steps, lossSum, counted] = [trainedMs(), 0, 0, 0]
    },
    end: () => {
      finishedMs = trainedMs()
      return finishedMs / 1000
    }
  }
}
