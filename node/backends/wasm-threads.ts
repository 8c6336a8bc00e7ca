import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { PARTS_A_THREAD } from '../../src/kernels/wasm-split.ts'
import type { ThreadTeam } from '../../src/kernels/wasm-split.ts'
import type { WasmInstructions } from '../../src/kernels/wasm-binaries.ts'
import type { BorrowedMemory, WasmExports } from '../../src/kernels/wasm-kernels.ts'
import { CONTROL, createBoard, jobRunner, publish } from './wasm-jobs.ts'
import type { PartRunners } from './wasm-jobs.ts'
import type { ThreadInput } from './wasm-thread.ts'

/** A part takes milliseconds; who waits this long waits for a thread that is gone. */
const LONGEST_PART_MS = 120_000

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
 */
export async function startTeam (
  size: number, kernels: WasmExports, { memory, allocate }: BorrowedMemory, instructions: WasmInstructions
): Promise<ThreadTeam> {
  const board = createBoard(size * PARTS_A_THREAD)
  await Promise.all(Array.from({ length: size - 1 }, async (_, index) => {
    const input: ThreadInput = { memory, instructions, workspace: allocate(kernels.workspaceBytes()), board }
    // Without the options of this process, which may be about its main script.
    const worker = new Worker(threadUrl(), { workerData: input, name: `compute ${index + 1}`, execArgv: [] })
    await once(worker, 'message')
    worker.unref()
  }))
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

function waitForAll (control: Int32Array, parts: number): void {
  for (let done = Atomics.load(control, CONTROL.done); done < parts; done = Atomics.load(control, CONTROL.done)) {
    if (Atomics.wait(control, CONTROL.done, done, LONGEST_PART_MS) === 'timed-out') throw new Error('a compute thread does not answer')
  }
  if (Atomics.load(control, CONTROL.failed) !== 0) throw new Error('a kernel failed in a compute thread')
}
