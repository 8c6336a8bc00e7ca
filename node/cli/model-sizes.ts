import { MODEL_SIZES } from '../../src/manifest/draft.ts'
import { parameterCount } from '../../src/models/model-layout.ts'

export interface ModelSize {
  readonly name: string
  readonly kind: string
  readonly parameters: number
}

/** The models that have a name, in the order in which they are told. */
export function modelSizes (): ModelSize[] {
  return Object.entries(MODEL_SIZES).map(([name, spec]) => ({ name, kind: spec.kind, parameters: parameterCount(spec) }))
}

/** `tiny (0.21 M), …`: names with millions of parameters. */
export function modelSizesInWords (): string {
  return modelSizes().map(({ name, parameters }) => `${name} (${inMillions(parameters)})`).join(', ')
}

/** Millions of parameters with two digits that matter. */
export function inMillions (parameters: number): string {
  const millions = parameters / 1e6
  return `${millions >= 9.95 ? millions.toFixed(0) : millions.toPrecision(2)} M`
}
