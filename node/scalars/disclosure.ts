import { getRandomValues } from 'node:crypto'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import { privacySentence, privateScalar } from '../../src/spsa/privacy.ts'

const WORD = 2 ** 32

/** A standard normal number from the machine's own entropy, which nobody can predict (Box and Muller 1958). */
export function unpredictableNormal (): number {
  const [first = 0, second = 0] = Array.from(getRandomValues(new Uint32Array(2)), word => (word + 0.5) / WORD)
  return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * second)
}

/** What becomes of a scalar before anybody hears of it; undefined for a run that asks for nothing. */
export function disclosureOf (method: ScalarSpec): ((scalar: number) => number) | undefined {
  if (method.kind === 'ferret' || (method.privacy === undefined && method.form === undefined)) return undefined
  const { privacy, form } = method
  const hidden = (scalar: number): number => privacy === undefined ? scalar : privateScalar([scalar], privacy, unpredictableNormal)
  return form === undefined ? hidden : scalar => Math.sign(hidden(scalar))
}

/** What the run's promise has come to after so many steps, in a sentence; none where nothing is promised. Each direction of a step tells of its batch. */
export function promiseOf (method: ScalarSpec, steps: number): string[] {
  if (method.kind === 'ferret' || method.privacy === undefined) return []
  return [privacySentence(method.privacy, steps * (method.kind === 'one-byte' ? method.directions ?? 1 : 1))]
}
