import { existsSync } from 'node:fs'
import { action } from '../../node/cli/command.ts'
import type { Action } from '../../node/cli/command.ts'
import { writeOutputFile } from '../../node/cli/output-file.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import { htmlReport } from '../report/html-report.ts'
import { readStories } from '../report/run-story.ts'

interface ReportOptions {
  readonly output: string
}

/** Writes what was recorded of a run as one HTML file. */
export const report: Action = action<ReportOptions>(async ({ arguments: [place = ''], options, output }) => {
  const stories = await (existsSync(place) ? readStories(place) : readStories(resolveDataDirectory(options.dataDir).root, place))
  await writeOutputFile(options.output, [new TextEncoder().encode(htmlReport(stories))])
  if (options.json) output.json({ version: 1, path: options.output, peers: stories.map(({ name, rounds }) => ({ name, rounds: rounds.length })) })
  else output.line(`${options.output}: ${stories.length} ${stories.length === 1 ? 'peer' : 'peers'}; open it in a browser`)
  return undefined
})
