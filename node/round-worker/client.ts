import { Worker } from 'node:worker_threads'
import type { RoundResult, RoundTaskKind, RoundWorker, TaskOf } from '../../src/averaging/round-worker.ts'
import { ShoalError, reasonOf } from '../../src/errors.ts'
import { trainerFailed } from '../trainer-worker/messages.ts'
import { handedOver } from './messages.ts'
import type { FromRoundThread, RoundThreadInit, ToRoundThread } from './messages.ts'

type Answer = (result: RoundResult<RoundTaskKind>) => void

/** Node cannot run TypeScript in a worker, so tests that run from source start the built file. */
function workerUrl (): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? '../../dist/node/round-worker/worker.js' : './worker.js', import.meta.url)
}

/**
 * The work of rounds in a thread of its own, on the trainer's shared weights: while a fragment is encoded, decoded or landed, this thread's event loop stays free.
 * What is asked is answered in order. A thread that dies answers everything with the reason.
 */
export class RoundThread implements RoundWorker {
  readonly fragmentLengths: readonly number[]
  readonly #worker: Worker
  readonly #waiting: Answer[] = []
  #lost: string | undefined

  private constructor (worker: Worker, fragmentLengths: readonly number[]) {
    this.#worker = worker
    this.fragmentLengths = fragmentLengths
    worker.on('message', (message: FromRoundThread) => { if (message.kind === 'result') this.#waiting.shift()?.(message.result) })
    worker.on('error', error => { this.#lose(reasonOf(error)) })
    worker.once('exit', code => { this.#lose(`it ended with code ${code}`) })
  }

  /**
   * Starts a thread and waits until it has its vectors. Those of `init.state` are given away.
   *
   * @param signal gives up the start
   * @throws ShoalError CODEC_SPEC, METHOD_UNSUPPORTED, CHECKPOINT_INCOMPATIBLE, TRAINER_FAILED; the signal's reason when it aborts
   */
  static async start (init: RoundThreadInit, signal?: AbortSignal): Promise<RoundThread> {
    signal?.throwIfAborted()
    const worker = new Worker(workerUrl(), { workerData: init, transferList: handedOver(init), name: 'rounds' })
    try {
      return new RoundThread(worker, await readyOf(worker, signal))
    } catch (error) {
      await worker.terminate()
      throw error
    }
  }

  ask<Kind extends RoundTaskKind> (task: TaskOf<Kind>, answer: (result: RoundResult<Kind>) => void): void {
    if (this.#lost !== undefined) {
      answer({ kind: 'lost', reason: this.#lost })
      return
    }
    const message: ToRoundThread = task
    try {
      this.#worker.postMessage(message, handedOver(message))
    } catch (error) {
      answer({ kind: 'refused', reason: reasonOf(error) })
      return
    }
    this.#waiting.push(answer as Answer)
  }

  /** Ends the thread at once; what was asked is answered as lost. */
  async close (): Promise<void> {
    this.#lose('it was closed')
    await this.#worker.terminate()
  }

  #lose (why: string): void {
    this.#lost ??= `the thread that averages is gone: ${why}`
    for (const answer of this.#waiting.splice(0)) answer({ kind: 'lost', reason: this.#lost })
  }
}

async function readyOf (worker: Worker, signal: AbortSignal | undefined): Promise<readonly number[]> {
  const listening = new AbortController()
  try {
    return await new Promise((resolve, reject) => {
      const fail = (why: string): void => { reject(new ShoalError(trainerFailed(`its thread for rounds did not start: ${why}`))) }
      worker.once('message', (message: FromRoundThread) => {
        if (message.kind === 'ready') resolve(message.fragmentLengths)
        else if (message.kind === 'failed') reject(new ShoalError(message.error))
      })
      worker.once('error', error => { fail(reasonOf(error)) })
      worker.once('exit', code => { fail(`it ended with code ${code}`) })
      signal?.addEventListener('abort', () => { reject(signal.reason as Error) }, { signal: listening.signal })
    })
  } finally {
    listening.abort()
  }
}
