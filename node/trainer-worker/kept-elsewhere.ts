import { reasonOf } from '../../src/errors.ts'
import type { TaskResult, TaskWorker } from '../../src/spsa/task-worker.ts'

interface Named { readonly kind: string }

/** The weights of a run of scalars as its trainer keeps them: what is asked crosses to the thread, and has its turn there. @param post rejects when the thread is gone, or cannot do it */
export function keptElsewhere<Task extends Named, Answers extends Readonly<Record<Task['kind'], unknown>>> (post: (task: Task) => Promise<Answers[Task['kind']]>): TaskWorker<Task, Answers> {
  return {
    ask: <Kind extends Task['kind']>(task: Extract<Task, { readonly kind: Kind }>, answer: (result: TaskResult<Answers[Kind]>) => void): void => {
      post(task)
        .then((value): TaskResult<Answers[Kind]> => ({ kind: 'done', value: value as Answers[Kind] }), (error: unknown): TaskResult<Answers[Kind]> => ({ kind: 'lost', reason: reasonOf(error) }))
        .then(answer)
        .catch((error: unknown) => { queueMicrotask(() => { throw error }) })
    }
  }
}
