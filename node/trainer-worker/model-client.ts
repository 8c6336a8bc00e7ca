import { reasonOf } from '../../src/errors.ts'
import type { ModelAnswers, ModelResult, ModelTask, ModelTaskKind, ModelTaskOf, ModelWorker } from '../../src/spsa/model-worker.ts'

/** The model of a run of bytes as its trainer keeps it: what is asked crosses to the thread, and has its turn there. @param post rejects when the thread is gone, or cannot do it */
export function modelClient (post: (task: ModelTask) => Promise<ModelAnswers[ModelTaskKind]>): ModelWorker {
  return {
    ask: <Kind extends ModelTaskKind>(task: ModelTaskOf<Kind>, answer: (result: ModelResult<Kind>) => void): void => {
      post(task)
        .then((value): ModelResult<Kind> => ({ kind: 'done', value: value as ModelAnswers[Kind] }), (error: unknown): ModelResult<Kind> => ({ kind: 'lost', reason: reasonOf(error) }))
        .then(answer)
        .catch((error: unknown) => { queueMicrotask(() => { throw error }) })
    }
  }
}
