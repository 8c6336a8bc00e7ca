import '../polyfills.ts'
import { parentPort, workerData } from 'node:worker_threads'
import { ShoalError } from '../../src/errors.ts'
import { startBackend } from '../backends/backend.ts'
import { createEmulatedSession } from './emulated-session.ts'
import { errorParts, trainerFailed } from './messages.ts'
import type { FromWorker, ToWorker, WorkerInput } from './messages.ts'
import { keepingPacks } from './keeping-packs.ts'
import { createScalarSession } from './scalar-session.ts'
import { createSession } from './session.ts'
import type { Report, Session } from './session.ts'
import { lowerPriority } from './throttle.ts'

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort

function post (message: FromWorker): void {
  port.postMessage(message)
}

async function main (input: WorkerInput): Promise<void> {
  process.once('exit', () => {
    Atomics.store(input.leftFlag, 0, 1)
    Atomics.notify(input.leftFlag, 0)
  })
  lowerPriority(input.compute)
  const report: Report = (progress, secondsTraining) => post({ kind: 'progress', progress, secondsTraining })
  if (input.emulatedStepMs !== undefined) {
    const whole = await withState(input)
    const session = keepingPacks(createEmulatedSession(whole, input.emulatedStepMs, report), whole)
    serve(session, () => undefined, { backend: `emulated, ${input.emulatedStepMs} ms a step`, kernelVariant: 'emulated', skipped: [] })
    return
  }
  const backend = await startBackend(input.compute, input.ranking)
  backend.lost?.then(reason => post({ kind: 'error', id: undefined, error: trainerFailed(`its device was lost: ${reason}`) }), () => undefined)
  const whole = await withState(input).catch((error: unknown) => {
    backend.close?.()
    throw error
  })
  const session = keepingPacks(whole.scalars === undefined ? await createSession(whole, backend, report) : createScalarSession(whole, whole.scalars, report), whole)
  serve(session, () => backend.close?.(), { backend: backend.device, kernelVariant: backend.kernels.variant, skipped: backend.skipped })
}

/** What it goes on from may take longer to get than a backend takes to start. @throws ShoalError TRAINER_FAILED when it is closed before */
async function withState (input: WorkerInput): Promise<WorkerInput> {
  if (!input.awaitsState) return input
  const message = await new Promise<ToWorker>(resolve => port.once('message', resolve))
  if (message.kind !== 'begin') throw new ShoalError(trainerFailed('it was closed before it began'))
  // Without anybody who listens a port no longer keeps its thread alive.
  port.ref()
  const { state } = message
  return { ...input, ...state === undefined ? {} : { state } }
}

/** Answers what is asked, one at a time: a request waits for those before it. */
function serve (session: Session, close: () => void, about: Omit<Extract<FromWorker, { kind: 'ready' }>, 'kind' | 'step'>): void {
  let previous = Promise.resolve()
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'begin') return
    if (message.kind === 'close') {
      close()
      port.close()
      return
    }
    const { id, ...request } = message
    previous = previous.then(async () => {
      try {
        post({ kind: 'answer', id, answer: await session.answer(request, piece => post({ kind: 'text', id, piece })) })
      } catch (error) {
        post({ kind: 'error', id, error: errorParts(error) })
      }
    })
  })
  post({ kind: 'ready', step: session.step, ...about })
}

main(workerData as WorkerInput).catch((error: unknown) => post({ kind: 'error', id: undefined, error: errorParts(error) }))
