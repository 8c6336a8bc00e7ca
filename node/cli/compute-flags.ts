import { MAXIMUM_THREADS, MINIMUM_THROTTLE } from '../backends/contract.ts'
import { numberOption } from './numbers.ts'

/** Options by which a person says how much of the machine training may take. */
export interface ComputeOptions {
  readonly threads?: string
  readonly throttle?: string
}

/** `--threads` and `--throttle` as settings; undefined where not given. @throws ShoalError USAGE */
export function computeFlags ({ threads, throttle }: ComputeOptions): { readonly threads: number | undefined, readonly throttle: number | undefined } {
  return {
    threads: threads === undefined ? undefined : numberOption('threads', threads, { minimum: 1, maximum: MAXIMUM_THREADS }),
    throttle: throttle === undefined ? undefined : numberOption('throttle', throttle, { minimum: MINIMUM_THROTTLE, maximum: 1, whole: false })
  }
}
