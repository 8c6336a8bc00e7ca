import { parentPort, workerData } from 'node:worker_threads'
import { instantiateKernels } from '../../src/kernels/wasm-kernels.ts'
import { CONTROL, jobRunner } from './wasm-jobs.ts'
import type { JobBoard } from './wasm-jobs.ts'
import type { WasmInstructions } from '../../src/kernels/wasm-binaries.ts'

/** What a thread of a team is started with. */
export interface ThreadInput {
  readonly memory: object
  readonly instructions: WasmInstructions
  /** Byte offset of this thread's scratch in the memory. */
  readonly workspace: number
  readonly board: JobBoard
}

const { memory, instructions, workspace, board } = workerData as ThreadInput
const kernels = await instantiateKernels({ memory, isShared: true, allocate: () => workspace, free: () => undefined }, instructions)
const work = jobRunner(kernels, board)
parentPort?.postMessage('ready')

let seen = 0
for (;;) {
  // Sleeps until another job is published; the end of the thread that started this one ends the wait.
  Atomics.wait(board.control, CONTROL.generation, seen)
  seen = Atomics.load(board.control, CONTROL.generation)
  work()
}
