import type { Worker } from 'node:worker_threads'
import { ShoalError, reasonOf } from '../../src/errors.ts'
import type { ErrorParts } from '../../src/errors.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import type { GradientSteps, ScalarOutcome, ScalarRequest, ScalarSteps, Trainer, TrainingOutcome } from '../../src/ports.ts'
import type { ModelAnswers, ModelTask } from '../../src/spsa/model-worker.ts'
import type { PackAnswers, PackKeeper, PackTask } from '../../src/spsa/pack-keeper.ts'
import type { EnsembleEvaluation } from '../../src/training/ensemble.ts'
import type { Evaluation } from '../../src/training/evaluation.ts'
import type { TextRequest } from '../../src/training/text-sampling.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import { tokensPerStepOf } from '../../src/manifest/tokens.ts'
import { rankBackends } from '../backends/auto.ts'
import { flopsOfStep } from '../backends/estimate.ts'
import type { BackendRanking, SkippedBackend } from '../backends/contract.ts'
import { endedInTime, leaveBeforeExit } from './leaving.ts'
import { keptElsewhere } from './kept-elsewhere.ts'
import { errorParts, trainerFailed } from './messages.ts'
import { stoppable } from './or-aborted.ts'
import { sharedMemory, startThread } from './thread.ts'
import type { Answers, ExpertEnsemble, FromWorker, Request, StepProgress, ToWorker, TrainerInit, WritingOptions } from './messages.ts'

export type { StepProgress, TrainerInit } from './messages.ts'

/** What a request that computes comes to. */
type Outcome<Kind extends 'train' | 'compute' | 'measure'> = Kind extends 'measure' ? ScalarOutcome : TrainingOutcome

type Ready = Extract<FromWorker, { kind: 'ready' }>

interface Pending {
  readonly onText: ((piece: string) => void) | undefined
  readonly resolve: (answer: Answers[keyof Answers]) => void
  readonly reject: (error: ShoalError) => void
}

/**
 * A trainer in a worker thread: while a step computes, this thread's event loop stays free. Requests are answered
 * one after the other, so what is asked during a training is answered after it; `stop` ends it sooner.
 */
export class TrainerClient implements Trainer {
  /** θ, shared with the worker. What is written here between trainings takes effect at the next request. */
  readonly weights: Float32Array
  readonly layout: ParameterLayout
  /** Present when the trainer was started for a method that shares gradients. */
  readonly gradients: GradientSteps | undefined
  /** Present when the trainer was started for a method that sends scalars; `weights` are θ₀ then. */
  readonly scalars: ScalarSteps | undefined
  /** Present when the trainer was started to keep the weights of a run of rounds. */
  readonly packs: PackKeeper | undefined
  readonly #worker: Worker
  readonly #ended: Promise<void>
  readonly #mayHoldDevice: boolean
  readonly #stopFlag: Int32Array
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<(progress: StepProgress) => void>()
  readonly #ready: Promise<Ready>
  #settleReady: { readonly resolve: (ready: Ready) => void, readonly reject: (error: ShoalError) => void } | undefined
  #about: Ready | undefined
  #failure: ShoalError | undefined
  #nextId = 0
  #step = 0
  #secondsTraining = 0
  #tokens: number | undefined
  #isTraining = false

  private constructor (init: TrainerInit, ranking: BackendRanking, awaitsState: boolean) {
    this.layout = modelLayout(init.model)
    this.#ready = new Promise((resolve, reject) => { this.#settleReady = { resolve, reject } })
    const memory = sharedMemory(init, this.layout.size)
    this.weights = memory.sharedWeights
    this.#stopFlag = memory.stopFlag
    if (init.gradients === true) {
      this.gradients = { gradient: memory.sharedGradient, compute: done => { this.#begin<'compute'>({ kind: 'compute' }, done) }, finishStep: (options, finished) => { this.#finishStep(options, finished) } }
    }
    if (init.scalars !== undefined) {
      const model = init.scalars.bytes && keptElsewhere<ModelTask, ModelAnswers>(async task => await this.#ask<'model'>({ kind: 'model', task }))
      this.scalars = { integers: memory.sharedIntegers, measure: (request, done) => { this.#measure(request, done) }, model }
    }
    if (init.packs !== undefined) this.packs = keptElsewhere<PackTask, PackAnswers>(async task => await this.#ask<'packs'>({ kind: 'packs', task }))
    this.#worker = startThread({ ...init, ranking, awaitsState, ...memory })
    this.#worker.on('message', (message: FromWorker) => this.#receive(message))
    this.#worker.on('error', error => this.#fail(trainerFailed(reasonOf(error))))
    this.#mayHoldDevice = ranking.order.includes('webgpu')
    const unwatch = this.#mayHoldDevice ? leaveBeforeExit(() => { this.#askToLeave() }, memory.leftFlag) : undefined
    this.#ended = new Promise(resolve => this.#worker.once('exit', code => {
      unwatch?.()
      this.#fail(trainerFailed(`its thread ended with code ${code}`))
      resolve()
    }))
  }

  /**
   * Starts a worker and waits until it can train.
   *
   * @param options.signal gives up the start
   * @param options.state in place of `init.state`, where that may take longer to get than the thread and its backend take to start; what it rejects with is thrown
   * @throws ShoalError BACKEND_UNAVAILABLE, CHECKPOINT_INCOMPATIBLE or TRAINER_FAILED; the signal's reason when it aborts
   */
  static async start (init: TrainerInit, { signal, state }: { readonly signal?: AbortSignal, readonly state?: Promise<TrainerState | undefined> } = {}): Promise<TrainerClient> {
    signal?.throwIfAborted()
    const ranking = await rankBackends(init.compute, flopsOfStep(modelLayout(init.model).size, tokensPerStepOf(init)), signal)
    signal?.throwIfAborted()
    const client = new TrainerClient(init, ranking, state !== undefined)
    const abandon = (): void => client.#fail(trainerFailed('its start was abandoned'))
    signal?.addEventListener('abort', abandon, { once: true })
    try {
      if (state !== undefined) client.#worker.postMessage({ kind: 'begin', state: await Promise.race([state, client.#ready.then(() => undefined)]) } satisfies ToWorker)
      const ready = await client.#ready
      client.#about = ready
      client.#step = ready.step
      return client
    } catch (error) {
      await client.close()
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', abandon)
    }
  }

  /** Inner steps taken; during a training, those of the last report. */
  get step (): number { return this.#step }

  get backend (): string { return this.#about?.backend ?? 'starting' }

  /** Names the kernels and thereby the bits of this trainer; belongs into checkpoints. */
  get kernelVariant (): string { return this.#about?.kernelVariant ?? 'unknown' }

  /** Backends that were tried before the one that runs, or not worth a try. */
  get skippedBackends (): readonly SkippedBackend[] { return this.#about?.skipped ?? [] }

  /** Time spent inside trainings by this worker. */
  get secondsTraining (): number { return this.#secondsTraining }
  /** Trained on since step 0, where batches grow. */
  get tokens (): number | undefined { return this.#tokens }

  /** @throws Error when a training is under way */
  train (untilStep: number, done: (outcome: TrainingOutcome) => void): void {
    this.#begin<'train'>({ kind: 'train', untilStep }, outcome => {
      if (outcome.kind !== 'failed') this.#step = outcome.step
      done(outcome)
    })
  }

  #measure (request: ScalarRequest, done: (outcome: ScalarOutcome) => void): void {
    this.#begin<'measure'>({ kind: 'measure', request }, outcome => {
      if (outcome.kind === 'measured') this.#step = request.step + 1
      done(outcome)
    })
  }

  #begin<Kind extends 'train' | 'compute' | 'measure'> (request: Extract<Request, { kind: Kind }>, done: (outcome: Outcome<Kind>) => void): void {
    if (this.#isTraining) throw new Error('a training is already under way')
    this.#isTraining = true
    Atomics.store(this.#stopFlag, 0, 0)
    this.#ask<Kind>(request).then(
      ({ outcome, secondsTraining, tokens }) => {
        ;[this.#secondsTraining, this.#tokens] = [secondsTraining, tokens]
        return outcome as Outcome<Kind>
      },
      (error: unknown): Outcome<Kind> => ({ kind: 'failed', reason: reasonOf(error) })
    ).then(outcome => {
      this.#isTraining = false
      done(outcome)
    }).catch((error: unknown) => { queueMicrotask(() => { throw error }) })
  }

  stop (): void {
    Atomics.store(this.#stopFlag, 0, 1)
    // It may rest between two steps.
    Atomics.notify(this.#stopFlag, 0)
  }

  /** The thread finishes it before it answers anything that is asked later; a failure is what the next request gets. */
  #finishStep ({ descend }: { readonly descend: boolean }, finished: () => void = () => undefined): void {
    this.#step++
    this.#ask<'finish'>({ kind: 'finish', descend }).then(finished).catch((error: unknown) => { this.#fail(errorParts(error)) })
  }

  /** Calls back at most four times a second of training. Returns the unsubscribe function. */
  onStep (listener: (progress: StepProgress) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /**
   * Held-out nats per token of θ, or of the weights given.
   *
   * @param signal gives up at once; the thread is free again after the call under way
   * @throws ShoalError TRAINER_FAILED; the signal's reason when it aborts
   */
  async evaluate (weights?: Float32Array, signal?: AbortSignal): Promise<Evaluation> {
    return await stoppable(signal, async stop => await this.#ask<'evaluate'>({ kind: 'evaluate', stop, ...(weights === undefined ? {} : { weights }) }))
  }

  /** Held-out figures of the mixture of experts, and of each alone; otherwise as {@link evaluate}. */
  async evaluateEnsemble (ensemble: ExpertEnsemble, signal?: AbortSignal): Promise<EnsembleEvaluation> {
    return await stoppable(signal, async stop => await this.#ask<'evaluateEnsemble'>({ kind: 'evaluateEnsemble', stop, ensemble }))
  }

  /**
   * Continues a prompt with θ, with the weights given, or with several experts together; the prompt is not repeated.
   *
   * @param options.onText told of each piece as it is written; together they are the answer
   * @param options.signal ends the text early: what is written by then is the answer
   * @throws ShoalError TRAINER_FAILED
   */
  async sample ({ weights, ensemble, ...text }: TextRequest & { readonly weights?: Float32Array, readonly ensemble?: ExpertEnsemble }, options: WritingOptions = {}): Promise<string> {
    const { onText, signal } = options
    const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const end = (): void => { Atomics.store(stop, 0, 1) }
    if (signal?.aborted === true) end()
    signal?.addEventListener('abort', end, { once: true })
    try {
      return await this.#ask<'sample'>({ kind: 'sample', text, stop, ...(weights === undefined ? {} : { weights }), ...(ensemble === undefined ? {} : { ensemble }) }, onText)
    } finally {
      signal?.removeEventListener('abort', end)
    }
  }

  /** Copies of θ and the optimizer's moments; do not write into `weights` before it resolves. @throws ShoalError TRAINER_FAILED */
  async readState (): Promise<TrainerState> {
    const state = await this.#ask<'readState'>({ kind: 'readState' })
    if (state === undefined) throw new ShoalError(trainerFailed('it did not tell its state'))
    return state
  }

  /** As `readState`, but nothing is copied unless the evaluation that was asked for just before gave less than `loss`. */
  async readStateBelow (loss: number): Promise<TrainerState | undefined> {
    return await this.#ask<'readState'>({ kind: 'readState', better: loss })
  }

  /** Ends the worker at once; whatever was asked fails, and the step under way is lost. */
  async close (): Promise<void> {
    this.#fail(trainerFailed('it was closed'))
    if (this.#mayHoldDevice && (this.#about?.backend ?? 'webgpu').startsWith('webgpu')) await this.#leave()
    await this.#worker.terminate()
  }

  /** Dawn brings the whole process down when its thread is terminated while a read from the device is under way. */
  async #leave (): Promise<void> {
    this.#askToLeave()
    await endedInTime(this.#ended)
  }

  #askToLeave (): void {
    const message: ToWorker = { kind: 'close' }
    this.stop()
    this.#worker.postMessage(message)
  }

  async #ask<Kind extends Request['kind']> (request: Extract<Request, { kind: Kind }>, onText?: (piece: string) => void): Promise<Answers[Kind]> {
    if (this.#failure !== undefined) throw this.#failure
    const id = this.#nextId++
    const message: ToWorker = { ...(request as Request), id }
    return await new Promise<Answers[keyof Answers]>((resolve, reject) => {
      this.#pending.set(id, { onText, resolve, reject })
      this.#worker.postMessage(message)
    }) as Answers[Kind]
  }

  #receive (message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#settleReady?.resolve(message)
        return
      case 'progress':
        this.#step = message.progress.step
        this.#secondsTraining = message.secondsTraining
        if (message.progress.passes !== undefined) this.#tokens = message.progress.tokens
        for (const listener of this.#listeners) listener(message.progress)
        return
      case 'text':
        this.#pending.get(message.id)?.onText?.(message.piece)
        return
      case 'answer':
        this.#take(message.id)?.resolve(message.answer)
        return
      case 'error':
        if (message.id === undefined) this.#fail(message.error)
        else this.#take(message.id)?.reject(new ShoalError(message.error))
    }
  }

  #take (id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  /** The first failure is the one that everything pending, and everything asked later, gets. */
  #fail (parts: ErrorParts): void {
    this.#failure ??= new ShoalError(parts)
    this.#settleReady?.reject(this.#failure)
    for (const pending of this.#pending.values()) pending.reject(this.#failure)
    this.#pending.clear()
  }
}
