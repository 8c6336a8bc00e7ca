/** Of a task: what it came to, or why whoever did the work is gone. */
export type TaskResult<Value> =
  | { readonly kind: 'done', readonly value: Value }
  | { readonly kind: 'lost', readonly reason: string }

interface Named { readonly kind: string }
type OfKind<Task extends Named, Kind extends string> = Extract<Task, { readonly kind: Kind }>

/**
 * Whoever keeps the weights of a run of scalars. A pass over a million weights takes long enough for everything else to notice, so it is done where the measuring is. Tasks are done in the order in
 * which they were asked, between two measurements, and each is answered once: now, or later.
 */
export interface TaskWorker<Task extends Named, Answers extends Readonly<Record<Task['kind'], unknown>>> {
  ask<Kind extends Task['kind']> (task: OfKind<Task, Kind>, answer: (result: TaskResult<Answers[Kind]>) => void): void
}

/** How whoever needs the weights asks. @param lost told why where an answer never comes, after everybody else; who leaves it out does not hear of that */
export type Ask<Task extends Named, Answers extends Readonly<Record<Task['kind'], unknown>>> = <Kind extends Task['kind']>(task: OfKind<Task, Kind>, done?: (answer: Answers[Kind]) => void, lost?: (reason: string) => void) => void

/** @param anyLost told why wherever an answer never comes */
export function asking<Task extends Named, Answers extends Readonly<Record<Task['kind'], unknown>>> (worker: TaskWorker<Task, Answers>, anyLost: (reason: string) => void): Ask<Task, Answers> {
  return (task, done, lost) => {
    worker.ask(task, result => {
      if (result.kind === 'done') done?.(result.value)
      else {
        anyLost(result.reason)
        lost?.(result.reason)
      }
    })
  }
}
