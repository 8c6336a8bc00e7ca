import { SPLIT_KERNELS } from '../../src/kernels/wasm-split.ts'
import type { Part, SplitKernel } from '../../src/kernels/wasm-split.ts'
import type { WasmExports } from '../../src/kernels/wasm-kernels.ts'

/** Words of the board's control. */
export const CONTROL = {
  /** Counts jobs; threads sleep on it. */
  generation: 0,
  /** Parts that nobody has taken yet. Taking is one subtraction, so a thread that comes late finds nothing to take. */
  open: 1,
  /** Parts that are done; the one who published the job sleeps on it. */
  done: 2,
  kernel: 3,
  failed: 4
} as const

const CONTROL_WORDS = 5

/** Places for the arguments of a part: adamw has the most, 12; the first place counts them. */
const PART_PLACES = 16

/** Memory in which jobs are published to threads. */
export interface JobBoard {
  readonly control: Int32Array
  /** `PART_PLACES` numbers a part. */
  readonly parts: Float64Array
}

export function createBoard (mostParts: number): JobBoard {
  return {
    control: new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT)),
    parts: new Float64Array(new SharedArrayBuffer(mostParts * PART_PLACES * Float64Array.BYTES_PER_ELEMENT))
  }
}

/** Publishes a job. Everything is written before the parts are opened, for a thread may take one at that moment. */
export function publish ({ control, parts }: JobBoard, kernel: SplitKernel, job: readonly Part[]): void {
  job.forEach((part, index) => {
    parts[index * PART_PLACES] = part.length
    parts.set(part, index * PART_PLACES + 1)
  })
  Atomics.store(control, CONTROL.kernel, SPLIT_KERNELS.indexOf(kernel))
  Atomics.store(control, CONTROL.done, 0)
  Atomics.store(control, CONTROL.open, job.length)
  Atomics.add(control, CONTROL.generation, 1)
  Atomics.notify(control, CONTROL.generation)
}

/** The kernels that can be split, called with a list of numbers. */
export type PartRunners = Readonly<Record<SplitKernel, (...values: number[]) => void>>

/** Returns what takes parts of the published job, and computes them, until none is open. */
export function jobRunner (kernels: WasmExports, { control, parts }: JobBoard): () => void {
  const runners: PartRunners = kernels
  return () => {
    for (let open = Atomics.sub(control, CONTROL.open, 1); open > 0; open = Atomics.sub(control, CONTROL.open, 1)) {
      const start = (open - 1) * PART_PLACES
      const values = parts.subarray(start + 1, start + 1 + (parts[start] ?? 0))
      try {
        const kernel = SPLIT_KERNELS[Atomics.load(control, CONTROL.kernel)]
        if (kernel !== undefined) runners[kernel](...values)
      } catch {
        Atomics.store(control, CONTROL.failed, 1)
      }
      Atomics.add(control, CONTROL.done, 1)
      Atomics.notify(control, CONTROL.done)
    }
  }
}
