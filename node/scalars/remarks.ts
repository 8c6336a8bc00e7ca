import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { variantRemarks } from '../../src/spsa/variants.ts'
import { promiseOf } from './disclosure.ts'

export interface Progress {
  /** Steps of training taken, of so many in the run. */
  readonly step: number
  readonly steps: number
  /** Steps whose scalars this peer has told. */
  readonly told: number
}

/** What is to be said of a peer's steps besides their numbers: the variants in force, and what its privacy has come to. */
export function remarksOf (method: ScalarSpec, { step, steps, told }: Progress): string[] {
  return [...method.kind === 'ferret' ? [] : variantRemarks(method, step, steps), ...promiseOf(method, told)]
}
