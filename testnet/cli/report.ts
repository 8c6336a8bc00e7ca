import { existsSync } from 'node:fs'
import { action } from '../../node/cli/command.ts'
import type { Action, CommonOptions } from '../../node/cli/command.ts'
import type { Output } from '../../node/cli/output.ts'
import { writeOutputFile } from '../../node/cli/output-file.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import { htmlReport } from '../report/html-report.ts'
import { readStories } from '../report/run-story.ts'
import type { PeerStory } from '../report/run-story.ts'
import { chosenTestnet } from './chosen-testnet.ts'
import type { ChoiceOptions } from './chosen-testnet.ts'

interface ReportOptions {
  readonly output: string
}

/** Writes what was recorded of a run as one HTML file. */
export const report: Action = action<ReportOptions>(async ({ arguments: [place = ''], options, output }) => {
  return write(await (existsSync(place) ? readStories(place) : readStories(resolveDataDirectory(options.dataDir).root, place)), options, output)
})

/** The same of a testnet that runs, by name. */
export const testnetReport: Action = action<ReportOptions & ChoiceOptions>(async ({ options, output }) => write(await readStories(chosenTestnet(options).root), options, output))

async function write (stories: readonly PeerStory[], options: ReportOptions & CommonOptions, output: Output): Promise<undefined> {
  await writeOutputFile(options.output, [new TextEncoder().encode(htmlReport(stories))])
  if (options.json) output.json({ version: 1, path: options.output, peers: stories.map(({ name, rounds }) => ({ name, rounds: rounds.length })) })
  else output.line(`${options.output}: ${stories.length} ${stories.length === 1 ? 'peer' : 'peers'}; open it in a browser`)
  return undefined
}
