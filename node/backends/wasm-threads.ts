import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { PARTS_A_THREAD } from '../../src/kernels/wasm-split.ts'
import type { ThreadTeam } from '../../src/kernels/wasm-split.ts'
import type { WasmInstructions } from '../../src/kernels/wasm-binaries.ts'
import type { BorrowedMemory, WasmExports } from '../../src/kernels/wasm-kernels.ts'
import { CONTROL, createBoard, jobRunner, publish } from './wasm-jobs.ts'
import type { PartRunners } from './wasm-jobs.ts'
import type { ThreadInput } from './wasm-thread.ts'

/** Who sleeps looks again after this long. */
const WAIT_SLICE_MS = 1_000
/**
 * A part takes milliseconds; who looked this often in vain waits for a thread that is gone. Looks are counted and not the
 * time: a machine that was suspended in between has had one look, not an hour.
 */
const VAIN_LOOKS = 120
/** A thread starts in a fraction of a second; a machine with more to do may take longer. */
const START_LIMIT_MS = 60_000

/** Node cannot run TypeScript in a worker, so tests that run from source start the built file. */
function threadUrl (): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? '../../dist/node/backends/wasm-thread.js' : './wasm-thread.js', import.meta.url)
}

/**
 * Starts threads that compute on the memory of the kernels given. They sleep between jobs, keep no process alive and end with
 * the thread that called.
 *
 * @param size threads in all, the calling one among them; at least 2
 * @throws Error when one does not start; then none is left
 */
export async function startTeam (
  size: number, kernels: WasmExports, { memory, allocate }: BorrowedMemory, instructions: WasmInstructions, thread = threadUrl()
): Promise<ThreadTeam> {
  const board = createBoard(size * PARTS_A_THREAD)
  const workers = Array.from({ length: size - 1 }, (_, index) => {
    const input: ThreadInput = { memory, instructions, workspace: allocate(kernels.workspaceBytes()), board }
    // Without the options of this process, which may be about its main script.
    return new Worker(thread, { workerData: input, name: `compute ${index + 1}`, execArgv: [] })
  })
  try {
    await Promise.all(workers.map(started))
  } catch (error) {
    await Promise.all(workers.map(async worker => { await worker.terminate() }))
    throw error
  }
  const runners: PartRunners = kernels
  const work = jobRunner(kernels, board)
  return {
    size,
    run (kernel, parts) {
      if (parts.length === 1) {
        runners[kernel](...parts[0] ?? [])
      } else if (parts.length > 1) {
        publish(board, kernel, parts)
        work()
        waitForAll(board.control, parts.length)
      }
    }
  }
}

async function started (worker: Worker): Promise<void> {
  const settled = new AbortController()
  const limit = AbortSignal.any([settled.signal, AbortSignal.timeout(START_LIMIT_MS)])
  try {
    await Promise.race([
      once(worker, 'message', { signal: limit }),
      once(worker, 'exit', { signal: limit }).then(() => { throw new Error('a compute thread ended as it started') })
    ])
    worker.unref()
  } finally {
    settled.abort()
  }
}

/** Sleeps until all parts of a job are done. @throws Error when nobody goes on, or a part failed */
export function waitForAll (control: Int32Array, parts: number, sliceMs = WAIT_SLICE_MS): void {
  let vain = 0
  for (let done = Atomics.load(control, CONTROL.done); done < parts; done = Atomics.load(control, CONTROL.done)) {
    vain = Atomics.wait(control, CONTROL.done, done, sliceMs) === 'timed-out' ? vain + 1 : 0
    if (vain >= VAIN_LOOKS) throw new Error('a compute thread does not answer')
  }
  if (Atomics.load(control, CONTROL.failed) !== 0) throw new Error('a kernel failed in a compute thread')
}
