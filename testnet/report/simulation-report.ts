import { formatCount } from '../../node/terminal/units.ts'
import type { Played } from '../simulator/expectations.ts'
import type { JudgedSeed } from '../simulator/play-scenario.ts'
import { htmlPage, htmlTable } from './html-page.ts'
import { escapeText } from './line-chart.ts'
import { NATS_A_TOKEN, peerFigures, peerTable, storySummary } from './peer-stories.ts'
import type { LossScale } from './peer-stories.ts'
import type { PeerStory, ToldRound } from './run-story.ts'
import { brokenOf, SEED_COLUMNS, seedCells, verdictOf } from './seed-rows.ts'

export interface SimulationStory {
  readonly scenario: string
  /** The scenario in a sentence. */
  readonly summary: string
  readonly training: string
  /** How many seeds were asked for; fewer were played where somebody interrupted. */
  readonly seedsAsked: number
  readonly judged: readonly JudgedSeed[]
  /** The command that plays one seed again. */
  readonly replay: (seed: number) => string
}

/** A browser still scrolls through so many with their plots; broken ones go first. */
const MOST_PLOTTED_SEEDS = 20
/** More lines than that no eye tells apart. */
const MOST_PLOTTED_PEERS = 32
const OWN_QUADRATIC: LossScale = { unit: '½‖θ − own optimum‖², with noise', isLogarithmic: true }

/** Scenarios played in virtual time as one HTML file like that of a run: what each seed came to, what it broke and how to see it again, and the plots of its peers. */
export function simulationReport (story: SimulationStory): string {
  const { scenario, summary, training, seedsAsked, judged } = story
  const met = judged.filter(({ findings }) => brokenOf(findings).length === 0).length
  const plotted = plottedOf(judged)
  return htmlPage(`Scenario ${scenario}`, [
    `<p class="faint">${escapeText(summary)}</p>`,
    `<p>${escapeText(`Played in virtual time (${training}): ${met} of ${formatCount(judged.length)} ${judged.length === 1 ? 'seed' : 'seeds'} as expected${judged.length < seedsAsked ? `; interrupted, ${formatCount(seedsAsked)} were asked for` : ''}.`)}</p>`,
    htmlTable(SEED_COLUMNS, judged.map(seedCells)),
    ...expectationTable(judged),
    ...brokenList(story),
    ...plotted.length === 0 ? [] : [`<h2>Peers</h2>${plotted.length < judged.length ? `<p class="faint">Of ${plotted.length} of ${formatCount(judged.length)} seeds, broken ones first.</p>` : ''}`],
    ...plotted.map((one, index) => seedSection(one, training === 'quadratic' ? OWN_QUADRATIC : NATS_A_TOKEN, index === 0))
  ])
}

/** A row a seed, a column for each expectation: they are the same for all seeds. */
function expectationTable (judged: readonly JudgedSeed[]): string[] {
  const limits = judged[0]?.findings.map(({ expectation, limit }) => `${expectation}: ${limit}`)
  if (limits === undefined) return []
  return ['<h2>Expectations</h2>', htmlTable(['seed', ...limits], judged.map(({ seed, findings }) => [String(seed), ...findings.map(({ found, isMet }) => `${isMet ? '✓' : '✗'} ${found}`)]))]
}

function brokenList ({ judged, replay }: SimulationStory): string[] {
  const items = judged.flatMap(({ seed, findings }) => brokenOf(findings).map(({ expectation, limit, found }) =>
    `<li>${escapeText(`seed ${seed} broke ${expectation}: expected ${limit}, found ${found}`)}<br>replay: <code>${escapeText(replay(seed))}</code></li>`))
  return items.length === 0 ? [] : ['<h2>Broken</h2>', `<ul>${items.join('')}</ul>`]
}

function plottedOf (judged: readonly JudgedSeed[]): readonly JudgedSeed[] {
  const [broken, met] = [judged.filter(({ findings }) => brokenOf(findings).length > 0), judged.filter(({ findings }) => brokenOf(findings).length === 0)]
  return [...broken, ...met].slice(0, MOST_PLOTTED_SEEDS)
}

function seedSection ({ seed, played, findings }: JudgedSeed, losses: LossScale, isOpen: boolean): string {
  const stories = storiesOf(played)
  const shown = evenly(stories, MOST_PLOTTED_PEERS)
  const body = stories.length === 0
    ? ['<p>Runs of scalars average nothing, so no rounds are drawn.</p>']
    : [
        `<p>${escapeText(storySummary(stories))}${shown.length < stories.length ? ` ${shown.length} of the peers are shown.` : ''}</p>`,
        peerTable(shown), ...peerFigures(shown, losses)
      ]
  return `<details${isOpen ? ' open' : ''}><summary>Seed ${seed}: ${escapeText(verdictOf(findings))}</summary>\n${body.join('\n')}\n</details>`
}

/** What each peer told of its rounds, by name. */
function storiesOf ({ records, liars }: Played): readonly PeerStory[] {
  const rounds = new Map<string, ToldRound[]>()
  for (const { peer, atMs, sentBytes, ...record } of records) {
    const told = rounds.get(peer) ?? []
    rounds.set(peer, told)
    told.push({ record, atMs, sentBytes })
  }
  return [...rounds].sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }))
    .map(([peer, told]) => ({ name: liars.includes(peer) ? `${peer} (lies)` : peer, rounds: told, evaluations: [], started: undefined, finished: undefined, warnings: [] }))
}

/** So many of them at most, as far from each other as can be. */
function evenly<Item> (items: readonly Item[], most: number): readonly Item[] {
  return items.length <= most ? items : Array.from({ length: most }, (_, index) => items[Math.floor(index * items.length / most)] as Item)
}
