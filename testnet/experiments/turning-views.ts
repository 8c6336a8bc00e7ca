import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { methodPreset } from '../../src/averaging/methods.ts'
import { calmSwarm } from '../simulator/scenarios.ts'
import { simulate } from '../simulator/simulation.ts'
import type { PartialViews } from '../simulator/simulation-scenario.ts'
import { KEPT_MEMBERS, TURNING_RATE } from '../../node/network/constants.ts'

const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const COMMAND = 'npm run bench:views'
const SIZES = [128, 256, 512] as const
const KINDS = { told: 'everybody told who is near', turning: 'chosen as neighbourhoods turn', fixed: 'whom they met first' } as const satisfies Record<PartialViews, string>
const ROUNDS = 32
const STEPS_A_ROUND = 2
const STEP_MS = 10_000
/** By then those who met by chance have found their neighbours. */
const FIRST_ROUNDS = 4

interface Cell {
  readonly peers: number
  readonly kind: PartialViews
  /** Of the rounds after the first ones, the share that was averaged. */
  readonly averaged: number
  readonly partners: number
  readonly spread: number
}

function measure (peers: number, kind: PartialViews): Cell {
  const { records, spread } = simulate({
    ...calmSwarm, peers, steps: ROUNDS * STEPS_A_ROUND, stepMs: [0.98 * STEP_MS, 1.02 * STEP_MS], parameters: 8, drawsNoiseOnce: true, partialViews: kind, limitMs: 1e8,
    method: methodPreset('fedavg-pairs', { everySteps: STEPS_A_ROUND, graceMs: STEP_MS })
  })
  const later = records.filter(({ round }) => round > FIRST_ROUNDS)
  const pairs = new Set(records.flatMap(({ peer, members }) => members.filter(other => other !== peer).map(other => `${peer} ${other}`)))
  return { peers, kind, averaged: later.filter(({ outcome }) => outcome === 'averaged').length / later.length, partners: pairs.size / peers, spread }
}

function page (cells: readonly Cell[]): string {
  return [
    '# Do views that turn meet?', '',
    `Command: \`${COMMAND}\`. In virtual time: ${ROUNDS} rounds of ${STEPS_A_ROUND * STEP_MS / 1000} s in pairs, peers whose speeds differ by two percent each way, counts of the swarm that are one off, or right.`, '',
    `Peers that choose keep ${KEPT_MEMBERS} members and dial at most ${60 * TURNING_RATE.perSecond} a minute for it ([how](../decisions/0023-neighbours-that-turn.md)). Those that do not are what real peers were before: each looks among the`,
    'few dozen whom it met when it came, everyone among others, so that two seldom look for each other.', '',
    'Here everybody hears of everyone, and no count is off by more than one. Real peers count whom they met and whom gossip brought them: those who have just come to a large swarm know less of it for minutes,',
    'and members who invent others make counts differ. What that costs is not measured here.', '',
    `| peers | neighbours | rounds averaged, after the first ${FIRST_ROUNDS} | partners of each | spread of replicas at the end |`, '|---|---|---|---|---|',
    ...cells.map(({ peers, kind, averaged, partners, spread }) => `| ${peers} | ${KINDS[kind]} | ${(100 * averaged).toFixed(1)} % | ${partners.toFixed(1)} | ${spread.toFixed(3)} |`), ''
  ].join('\n')
}

/** The numbers of the page as it stands: only its words are new. */
async function storedCells (): Promise<readonly Cell[]> {
  return (JSON.parse(await readFile(`${RESULTS}views.json`, 'utf8')) as { readonly cells: readonly Cell[] }).cells
}

const cells = process.argv.includes('--page') ? await storedCells() : SIZES.flatMap(peers => (Object.keys(KINDS) as PartialViews[]).map(kind => measure(peers, kind)))
await mkdir(RESULTS, { recursive: true })
await writeFile(`${RESULTS}views.json`, `${JSON.stringify({ command: COMMAND, cells }, null, 1)}\n`)
await writeFile(`${RESULTS}views.md`, page(cells))
process.stdout.write(page(cells))
