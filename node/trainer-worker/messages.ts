import type { HeldOutSource, TrainingSource } from '../../src/data/sources.ts'
import { ShoalError, reasonOf } from '../../src/errors.ts'
import type { ErrorParts } from '../../src/errors.ts'
import type { InnerSpec, ModelSpec } from '../../src/manifest/schema.ts'
import type { ScalarOutcome, ScalarRequest, TrainingOutcome } from '../../src/ports.ts'
import type { OneByteSpec } from '../../src/manifest/scalar-schema.ts'
import type { ModelAnswers, ModelTask, ModelTaskKind } from '../../src/spsa/model-worker.ts'
import type { PackAnswers, PackTask } from '../../src/spsa/pack-keeper.ts'
import type { PackSpec } from '../../src/spsa/pack-methods.ts'
import type { NoiseSpec } from '../../src/spsa/method-noise.ts'
import type { EnsembleEvaluation, EnsembleRule } from '../../src/training/ensemble.ts'
import type { Evaluation } from '../../src/training/evaluation.ts'
import type { TextRequest } from '../../src/training/text-sampling.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import type { BackendRanking, ComputeSettings, SkippedBackend } from '../backends/contract.ts'

/** How a trainer that only measures reads what others make of its measurements. */
export interface ScalarSettings extends NoiseSpec {
  /** Of the run's fixed point: weights are fround(θ₀ + unit · A / integersPerUnit). Absent where nothing moves them but what is written over θ₀: there is no A then. */
  readonly unit?: number
  /** Of a run of bytes, whose weights the trainer keeps itself. */
  readonly bytes?: { readonly method: OneByteSpec, readonly runId: string, readonly steps: number }
}

/** What a trainer is started with. */
export interface TrainerInit {
  readonly model: ModelSpec
  readonly inner: InnerSpec
  /** Seed of the genesis weights, the same for every peer of a run; 32-bit natural. */
  readonly seed: number
  /** Seed of this peer's batches; 32-bit natural. */
  readonly samplingSeed: number
  /** Inner steps of the whole run, for the learning-rate schedule; 0 for no end. */
  readonly budgetSteps: number
  readonly compute: ComputeSettings
  /** Whether steps can be taken in two halves, for a method that shares gradients; they cost memory as large as the weights. */
  readonly gradients?: boolean
  /** For a method that sends scalars: the trainer has no optimizer then, and takes no steps. */
  readonly scalars?: ScalarSettings
  /** For a method of rounds: the trainer keeps the run's weights, too, and moves them as it is asked. */
  readonly packs?: { readonly method: PackSpec, readonly runId: string, readonly steps: number }
  /** Computes nothing, and lets each step take so many milliseconds: for measurements of everything else. */
  readonly emulatedStepMs?: number
  /** Milliseconds that a step takes at least, resting where it is computed sooner: for testnets whose faults last for so many steps. */
  readonly leastStepMs?: number | undefined
  /** What to train on; left out, a model only judges and writes. */
  readonly training?: TrainingSource
  /** What to judge by; left out, a model only trains and writes. */
  readonly heldOut?: HeldOutSource
  /** Content of the run's tokenizer file, for prompts and what is written; bytes when left out. */
  readonly tokenizer?: string
  /** Where to go on; left out, training begins at genesis. */
  readonly state?: TrainerState
  /** The largest heap of the thread, tensors excluded; the runtime's own limit when left out. */
  readonly heapMegabytes?: number
}

/** What crosses to the worker when it starts. */
export interface WorkerInput extends TrainerInit {
  /** θ, shared: read when a training begins, written when it ends. */
  readonly sharedWeights: Float32Array
  /** The gradient of the step that was computed last, shared; what the method makes of it is written back before the step is finished. Empty where the method has no use for it. */
  readonly sharedGradient: Float32Array
  /** A, shared: what the method has moved the weights by. Empty where it sends no scalars. */
  readonly sharedIntegers: Int32Array
  /** In which order the worker tries backends; the main thread finds it, once. */
  readonly ranking: BackendRanking
  /** One value, shared: not 0 asks the training under way to end after its step. */
  readonly stopFlag: Int32Array
  /** Becomes 1 when the thread has given its device back and ends. */
  readonly leftFlag: Int32Array
  /** Whether `state` comes in a message, once the thread's backend may be ready already. */
  readonly awaitsState: boolean
}

/** Experts of the trainer's model and how they answer together. */
export interface ExpertEnsemble extends EnsembleRule {
  /** Weights of each, flat. */
  readonly experts: readonly Float32Array[]
}

export type Request =
  | { readonly kind: 'train', readonly untilStep: number }
  /** Computes the next step's gradient. */
  | { readonly kind: 'compute' }
  /** Takes the step with the shared gradient, or only counts it: the weights have been moved. */
  | { readonly kind: 'finish', readonly descend: boolean }
  | { readonly kind: 'measure', readonly request: ScalarRequest }
  | { readonly kind: 'model', readonly task: ModelTask }
  | { readonly kind: 'packs', readonly task: PackTask }
  /** `stop` is one value, shared: not 0 gives up after the call under way. */
  | { readonly kind: 'evaluate', readonly stop: Int32Array, readonly weights?: Float32Array }
  /** The mixture of several experts' predictions, and each alone. */
  | { readonly kind: 'evaluateEnsemble', readonly stop: Int32Array, readonly ensemble: ExpertEnsemble }
  /** `stop` is one value, shared: not 0 asks the text to end with the token under way. */
  | { readonly kind: 'sample', readonly text: TextRequest, readonly stop: Int32Array, readonly weights?: Float32Array, readonly ensemble?: ExpertEnsemble }
  /** With `better`, only when the evaluation just before gave a loss below it. */
  | { readonly kind: 'readState', readonly better?: number }

export interface Answers {
  /** `tokens` are those since step 0, where batches grow. */
  train: { readonly outcome: TrainingOutcome, readonly secondsTraining: number, readonly tokens?: number }
  compute: Answers['train']
  /** Steps taken. */
  finish: number
  measure: { readonly outcome: ScalarOutcome, readonly secondsTraining: number, readonly tokens?: undefined }
  model: ModelAnswers[ModelTaskKind]
  packs: PackAnswers[PackTask['kind']]
  evaluate: Evaluation
  evaluateEnsemble: EnsembleEvaluation
  sample: string
  readState: TrainerState | undefined
}

/** How training goes, at most four times a second. */
export interface StepProgress {
  readonly step: number
  /** Tokens trained on since step 0. */
  readonly tokens: number
  /** Mean nats per token since the last report. */
  readonly loss: number
  readonly tokensPerSecond: number
  /** Passes of the next step, where batches grow. */
  readonly passes?: number
}

export type ToWorker =
  | (Request & { readonly id: number })
  /** What a thread that awaits its state goes on from; undefined begins at genesis. */
  | { readonly kind: 'begin', readonly state: TrainerState | undefined }
  /** Nothing more is asked: the thread gives its device back and ends by itself. */
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'ready', readonly backend: string, readonly kernelVariant: string, readonly step: number, readonly skipped: readonly SkippedBackend[] }
  | { readonly kind: 'progress', readonly progress: StepProgress, readonly secondsTraining: number }
  /** Text of the request, as it is written. */
  | { readonly kind: 'text', readonly id: number, readonly piece: string }
  | { readonly kind: 'answer', readonly id: number, readonly answer: Answers[keyof Answers] }
  | { readonly kind: 'error', readonly id: number | undefined, readonly error: ErrorParts }

export interface WritingOptions {
  readonly onText?: ((piece: string) => void) | undefined
  readonly signal?: AbortSignal
}

/** A thrown value in a form that crosses threads: prototypes do not. */
export function errorParts (thrown: unknown): ErrorParts {
  if (thrown instanceof ShoalError) return { code: thrown.code, what: thrown.message, why: thrown.why, tryThis: thrown.tryThis }
  return trainerFailed(reasonOf(thrown))
}

export function trainerFailed (why: string): ErrorParts {
  return { code: 'TRAINER_FAILED', what: 'the trainer stopped working', why, tryThis: 'shoal doctor, then shoal join again: it goes on from the last checkpoint' }
}
