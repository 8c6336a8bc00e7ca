import { methodAxes, methodSentence } from '../../../src/averaging/describe-method.ts'
import { presetSources } from '../../../src/averaging/preset-sources.ts'
import { presetNames } from '../../../src/averaging/methods.ts'
import { presets } from '../../../src/averaging/presets.ts'
import type { ScalarSpec } from '../../../src/manifest/scalar-schema.ts'
import { scalarPresets, scalarSentence, scalarSources } from '../../../src/spsa/scalar-methods.ts'
import { table } from '../../terminal/table.ts'
import { action } from '../command.ts'

export const runMethods = action(async ({ options, output }) => {
  if (options.json) {
    output.json({ version: 1, methods: [...presetNames.map(name => ({ name, source: presetSources[name], sentence: methodSentence(presets[name]), method: presets[name] })), ...scalarMethods()] })
    return Promise.resolve(undefined)
  }
  const titles = ['group', 'every', 'fragments', 'flight', 'shares', 'outer', 'codec'] as const
  const rows = presetNames.map(name => {
    const axes = methodAxes(presets[name])
    return [name, ...titles.map(title => axes[title]), presetSources[name]]
  })
  for (const line of table([{ title: 'method' }, ...titles.map(title => ({ title })), { title: 'source' }], rows)) output.line(line)
  output.line('')
  for (const { name, sentence, source } of scalarMethods()) output.line(`${name}  ${sentence} (${source})`)
  output.message('each axis has an option of shoal run create, which replaces it; combinations that cannot work are refused with the rule')
  return Promise.resolve(undefined)
})

function scalarMethods (): Array<{ readonly name: string, readonly source: string, readonly sentence: string, readonly method: ScalarSpec }> {
  return Object.entries<ScalarSpec>(scalarPresets).map(([name, method]) => ({ name, source: scalarSources[name as keyof typeof scalarSources], sentence: scalarSentence(method), method }))
}
