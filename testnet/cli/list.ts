import { ShoalError } from '../../src/errors.ts'
import { action } from '../../node/cli/command.ts'
import type { Action } from '../../node/cli/command.ts'
import { clip, table } from '../../node/terminal/table.ts'
import { askTestnet } from '../launcher/control-client.ts'
import type { FoundTestnet } from '../launcher/control-client.ts'
import type { TestnetListing } from '../launcher/control-messages.ts'
import { loadScenario, scenarioNames } from '../scenarios/load.ts'
import { testnetsOf } from './chosen-testnet.ts'
import { showTestnet } from './control.ts'

interface ListOptions {
  readonly dir?: string
}

/** Prints the testnets that run here, and the scenarios that come with Shoal. */
export const list: Action = action<ListOptions>(async ({ options, output }) => {
  const { listings, silent } = await listingsOf(testnetsOf(options))
  const scenarios = scenarioRows()
  if (options.json) {
    output.json({ version: 1, testnets: listings, silent, scenarios })
    return undefined
  }
  for (const listing of listings) showTestnet(listing, output)
  for (const sentence of silent) output.line(sentence)
  if (listings.length + silent.length > 0) output.line('')
  const cells = scenarios.map(({ name, peers, method, summary }) => [name, String(peers), method, summary])
  for (const line of table([{ title: 'scenario' }, { title: 'peers', align: 'right' }, { title: 'method' }, { title: 'what happens' }], cells)) output.line(clip(line, output.width))
  output.message(`${listings.length === 0 ? 'no testnet runs here; ' : ''}shoal testnet up <scenario> starts one, testnet sim <scenario> plays it in virtual time`)
  return undefined
})

/** Those that answer, and what became of those that left their record behind. */
async function listingsOf (found: readonly FoundTestnet[]): Promise<{ readonly listings: readonly TestnetListing[], readonly silent: readonly string[] }> {
  const [listings, silent]: [TestnetListing[], string[]] = [[], []]
  for (const testnet of found) {
    try {
      listings.push(await askTestnet(testnet, { kind: 'list' }))
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error
      silent.push(`${error.message}: ${error.why}`)
    }
  }
  return { listings, silent }
}

interface ScenarioRow {
  readonly name: string
  readonly summary: string
  readonly peers: number
  readonly method: string
  readonly steps: number
  readonly faults: readonly string[]
  readonly expectations: readonly string[]
}

function scenarioRows (): ScenarioRow[] {
  return scenarioNames().map(name => loadScenario(name)).map(({ name, summary, run, peers, faults, expect }) => ({
    name, summary, peers: peers.reduce((sum, { count }) => sum + count, 0), method: run.method, steps: run.steps,
    faults: [...new Set(faults.map(({ kind }) => kind))], expectations: Object.keys(expect)
  }))
}
