import { action } from '../../node/cli/command.ts'
import type { Action } from '../../node/cli/command.ts'
import { clip, table } from '../../node/terminal/table.ts'
import { loadScenario, scenarioNames } from '../scenarios/load.ts'

/** Prints the scenarios that come with Shoal. */
export const list: Action = action(async ({ options, output }) => {
  const scenarios = scenarioNames().map(name => loadScenario(name))
  const rows = scenarios.map(({ name, summary, run, peers, faults, expect }) => ({
    name, summary, peers: peers.reduce((sum, { count }) => sum + count, 0), method: run.method, steps: run.steps,
    faults: [...new Set(faults.map(({ kind }) => kind))], expectations: Object.keys(expect)
  }))
  if (options.json) output.json({ version: 1, scenarios: rows })
  else {
    const cells = rows.map(({ name, peers, method, summary }) => [name, String(peers), method, summary])
    for (const line of table([{ title: 'scenario' }, { title: 'peers', align: 'right' }, { title: 'method' }, { title: 'what happens' }], cells)) output.line(clip(line, output.width))
    output.message('shoal testnet sim <scenario> plays one in virtual time')
  }
  return Promise.resolve(undefined)
})
