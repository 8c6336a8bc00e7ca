import { MODEL_SIZES } from '../../../src/manifest/draft.ts'
import type { ModelSpec } from '../../../src/manifest/schema.ts'
import { table } from '../../terminal/table.ts'
import { action } from '../command.ts'
import { inMillions, modelSizes } from '../model-sizes.ts'

export const runModels = action(async ({ options, output }) => {
  const sizes = modelSizes()
  if (options.json) output.json({ version: 1, models: sizes.map(size => ({ ...size, model: MODEL_SIZES[size.name] })) })
  else {
    const rows = sizes.map(({ name, kind, parameters }) => [name, kind, inMillions(parameters), shapeOf(MODEL_SIZES[name])])
    for (const line of table([{ title: 'model' }, { title: 'kind' }, { title: 'parameters', align: 'right' }, { title: 'shape' }], rows)) output.line(line)
  }
  return Promise.resolve(undefined)
})

function shapeOf (spec: ModelSpec | undefined): string {
  return Object.entries(spec ?? {}).filter(([key]) => key !== 'kind').map(([key, value]) => `${key} ${Array.isArray(value) ? value.join('-') : String(value)}`).join(', ')
}
