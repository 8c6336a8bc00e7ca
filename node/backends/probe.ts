import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BackendName, BackendReport, ComputeSettings } from './contract.ts'

/** How a backend fared, or why it did not. */
export type Probed = BackendReport | { readonly name: BackendName, readonly reason: string }

/** What a probing process is asked. */
export interface ProbeRequest {
  readonly settings: ComputeSettings
  /** Whether to train a small model too, which takes seconds on the slowest. */
  readonly trains: boolean
}

/** A driver that has not come up by then hangs: the slowest cold start that was seen took a fifth of it. */
const PATIENCE_MS = 20_000

/** Training on the cpu backend is part of a bench, and slow. */
const TRAINING_PATIENCE_MS = 120_000

/** Node cannot run TypeScript, so tests that run from source start the built file. */
const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/node/backends/probe-process.js' : './probe-process.js', import.meta.url))

/**
 * Starts a backend in a process of its own and measures it there: a thread has one active backend, and a native driver
 * that crashes takes its process along.
 */
export async function probeBackend (name: BackendName, settings: ComputeSettings, trains = false): Promise<Probed> {
  const child = fork(PROGRAM, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const request: ProbeRequest = { settings: { ...settings, backend: name }, trains }
  return await answerOf(child, name, request, trains ? TRAINING_PATIENCE_MS : PATIENCE_MS)
}

async function answerOf (child: ChildProcess, name: BackendName, request: ProbeRequest, patienceMs: number): Promise<Probed> {
  const end = (): void => { child.kill('SIGKILL') }
  process.once('exit', end)
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Probed>(resolve => {
      const skip = (reason: string): void => { resolve({ name, reason }) }
      timer = setTimeout(() => { skip(`it did not answer within ${patienceMs / 1000} s`) }, patienceMs)
      child.once('message', message => { resolve(message as Probed) })
      child.once('error', error => { skip(`its process did not start: ${error.message}`) })
      child.once('exit', (code, signal) => { skip(signal === null ? `its process ended with code ${String(code)}` : `its process was ended by ${signal}`) })
      child.send(request, error => { if (error !== null) skip(`its process cannot be asked: ${error.message}`) })
    })
  } finally {
    clearTimeout(timer)
    process.off('exit', end)
    // Whatever it still does, nobody waits for it.
    end()
  }
}
