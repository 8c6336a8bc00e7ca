import { anyMethodSentence, checkAnyMethod } from '../../../src/averaging/any-method.ts'
import { findRun } from '../../peer/run-source.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { action } from '../command.ts'

export const runShow = action(async ({ arguments: [word = ''], options, output }) => {
  const { run } = await findRun(word, resolveDataDirectory(options.dataDir), new AbortController().signal)
  checkAnyMethod(run.manifest)
  if (options.json) output.json({ version: 1, runId: run.runId, sentence: anyMethodSentence(run.manifest.method), manifest: run.manifest })
  else {
    output.line(`run id  ${run.runId}`)
    for (const line of describe(run.manifest, '')) output.line(line)
    output.line('')
    output.line(anyMethodSentence(run.manifest.method))
    output.message('the signature is its creator’s, and the method is stable in a swarm of any size')
  }
  return undefined
})

function describe (value: object, indent: string): string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'object' && inner !== null ? [`${indent}${key}`, ...describe(inner as object, `${indent}  `)] : [`${indent}${key}  ${String(inner)}`])
}
