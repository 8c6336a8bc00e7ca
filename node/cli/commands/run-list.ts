import { shortRunId } from '../../../src/manifest/manifest.ts'
import { knownRuns } from '../../peer/run-source.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { table } from '../../terminal/table.ts'
import { action } from '../command.ts'

export const runList = action(async ({ options, output }) => {
  const runs = knownRuns(resolveDataDirectory(options.dataDir), output.message)
  if (options.json) output.json({ version: 1, runs: runs.map(({ runId, manifest }) => ({ runId, name: manifest.name, steps: manifest.budget.steps })) })
  else if (runs.length === 0) output.message('no run is known here; shoal run create or shoal join <invite>')
  else {
    const rows = runs.map(({ runId, manifest }) => [shortRunId(runId), manifest.name, manifest.budget.steps === 0 ? 'no end' : `${manifest.budget.steps} steps`])
    for (const line of table([{ title: 'run' }, { title: 'name' }, { title: 'budget' }], rows)) output.line(line)
  }
  return Promise.resolve(undefined)
})
