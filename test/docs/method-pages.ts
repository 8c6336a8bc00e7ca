import { methodAxes, methodSentence } from '../../src/averaging/describe-method.ts'
import { presets } from '../../src/averaging/presets.ts'
import { presetSources } from '../../src/averaging/preset-sources.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'

const NOTE = '<!-- Written by npm run docs:write from src/averaging/presets.ts; edit that. -->'

/** A page for each method, and their list, by file name. */
export function methodPages (): ReadonlyMap<string, string> {
  const names = Object.keys(presets) as Array<keyof typeof presets>
  const pages = names.map(name => [`${name}.md`, methodPage(name)] as const)
  const list = ['# Methods by name', '', NOTE, '', '| method | in a sentence |', '|---|---|', ...names.map(name => `| [${name}](${name}.md) | ${cell(methodSentence(presets[name]))} |`), ''].join('\n')
  return new Map([['README.md', list], ...pages])
}

function methodPage (name: keyof typeof presets): string {
  const method: MethodSpec = presets[name]
  return [
    `# ${name}`, '', NOTE, '', methodSentence(method), '', `Published: ${presetSources[name]}.`, '',
    '| axis | this method |', '|---|---|', ...Object.entries(methodAxes(method)).map(([axis, words]) => `| ${axis} | ${cell(words)} |`), '',
    'Try it with four peers on this machine:', '', '```console', `$ npx shoal testnet run --method ${name} --peers 4 --steps 400`, '```', '',
    'Every axis has an option of its own (`shoal run create --help`); [how the frame works](../methods.md); [measured beside the others](../results/methods.md).', ''
  ].join('\n')
}

/** A codec's bars are not those of the table. */
function cell (words: string): string {
  return words.replaceAll('|', '\\|')
}
