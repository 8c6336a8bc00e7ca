import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { reasonOf } from '../../src/errors.ts'
import type { BackendName, BackendReport, ComputeSettings } from './contract.ts'

/** How a backend fared, or why it did not. */
export type Probed = BackendReport | { readonly name: BackendName, readonly reason: string }

/** A driver that has not come up by then hangs: the slowest backend needs a thirtieth of it on an idle machine. */
const PATIENCE_MS = 60_000

/** Node cannot run TypeScript, so tests that run from source start the built file. */
const PROGRAM = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/node/backends/probe-process.js' : './probe-process.js', import.meta.url))

/**
 * Starts a backend in a process of its own and measures it there: a thread has one active backend, and a native driver
 * that crashes takes its process along.
 */
export async function probeBackend (name: BackendName, settings: ComputeSettings, signal?: AbortSignal): Promise<Probed> {
  try {
    const child = fork(PROGRAM, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    return await answerOf(child, name, { ...settings, backend: name }, signal)
  } catch (error) {
    return { name, reason: `its process did not start: ${reasonOf(error)}` }
  }
}

async function answerOf (child: ChildProcess, name: BackendName, settings: ComputeSettings, signal?: AbortSignal): Promise<Probed> {
  const end = (): void => { child.kill('SIGKILL') }
  process.once('exit', end)
  // Its end is then the answer.
  signal?.addEventListener('abort', end, { once: true })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Probed>(resolve => {
      const skip = (reason: string): void => { resolve({ name, reason }) }
      timer = setTimeout(() => { skip(`it did not answer within ${PATIENCE_MS / 1000} s`) }, PATIENCE_MS)
      child.once('message', message => { resolve(message as Probed) })
      child.once('error', error => { skip(`its process did not start: ${error.message}`) })
      child.once('exit', (code, signal) => {
        const tell = (): void => { skip(signal === null ? `its process ended with code ${String(code)}` : `its process was ended by ${signal}`) }
        // what it said last may be read after it is gone
        if (child.connected) child.once('disconnect', tell)
        else tell()
      })
      // One that cannot be asked any more has ended, and its end says how.
      child.send(settings, () => undefined)
    })
  } finally {
    clearTimeout(timer)
    process.off('exit', end)
    signal?.removeEventListener('abort', end)
    // Whatever it still does, nobody waits for it.
    end()
  }
}
