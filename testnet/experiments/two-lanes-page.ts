import { estimate } from '../report/statistics.ts'
import { judgementOf, shown } from './codec-loss-table.ts'
import { LANE_REGIMES, SCALARS_A_ROUND, TUNING_SEED, scalarPeersOf } from './two-lanes-ground.ts'
import type { LaneRegime } from './two-lanes-ground.ts'
import type { LaneOutcome } from './two-lanes-run.ts'

export interface LaneCell extends LaneOutcome {
  readonly regime: string
  readonly seed: number
  readonly scalarPeers: number
  /** One more peer that trains, in place of scalar ones. */
  readonly isOneMore: boolean
  readonly inputsHash: string
  readonly secondsTotal: number
}

/** How the learning rate of a regime was chosen. */
export interface LaneRates {
  readonly regime: string
  readonly inputsHash: string
  /** Of those who train alone, in the order of the regime's rates. */
  readonly losses: readonly number[]
  readonly best: number
}

/** The page of results. Nothing in it is typed in by hand. */
export function twoLanesPage (cells: readonly LaneCell[], rates: readonly LaneRates[], setup: string): string {
  const seeds = [...new Set(cells.map(({ seed }) => seed))].sort((one, other) => one - other)
  return [
    '# Do scalar peers help peers that train?', '',
    `Command: \`npm run bench:two-lanes\`. Setup: ${setup}; seeds ${seeds.join(', ')}. Raw numbers: one JSON file a cell in [two-lanes/](two-lanes). How the two lanes work: [scalars.md](../scalars.md#two-lanes-one-model).`, '',
    `Peers that train take \`diloco\`’s rounds; scalar peers measure at the shared weights along ${SCALARS_A_ROUND} directions a round each, on batches of their own, and send a byte about each. Rounds, steps and batches of those who train are the same in every row of`,
    'a table, and training is real, without a network: this is about loss. Loss: held-out nats a target of the shared weights after the last round; ± is the 95 % interval over the seeds (Student’s t). Differences to the row without scalar peers',
    'are paired: the same seed draws the same genesis and the same batches. Weight: what scalars counted beside gradients, from 0 to 1, the mean over rounds and peers. The last row is the price of it: what one more peer that trains would have done.', '',
    ...LANE_REGIMES.flatMap(regime => section(regime, cells.filter(cell => cell.regime === regime.name), rates.find(tried => tried.regime === regime.name))),
    ...verdict(cells), ''
  ].join('\n')
}

function section (regime: LaneRegime, cells: readonly LaneCell[], rates: LaneRates | undefined): string[] {
  const { title, peers, batch, every, rounds, optimizer, learningRates, pretrainSteps, model } = regime
  const [first] = cells
  if (first === undefined || rates === undefined) return []
  const tried = learningRates.map((rate, at) => `${rate} → ${(rates.losses[at] ?? NaN).toFixed(4)}`).join(', ')
  const plain = cells.filter(({ scalarPeers, isOneMore }) => scalarPeers === 0 && !isOneMore)
  const begin = pretrainSteps === 0 ? 'from random weights' : `from weights pretrained for ${pretrainSteps} steps on the other eras`
  const rows = [...scalarPeersOf(regime).map(count => cells.filter(cell => cell.scalarPeers === count && !cell.isOneMore)), cells.filter(({ isOneMore }) => isOneMore)]
  return [
    `## ${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`, '',
    `${peers} peers train ${'context' in model ? 'a GPT' : 'a perceptron'} of ${first.weights.toLocaleString('en')} weights ${begin}: ${rounds} rounds of ${every} steps of ${batch} ${batch === 1 ? 'row' : 'rows'}, ${optimizer} at ${rates.best}, the best for those who train alone (seed ${TUNING_SEED}: ${tried}). Loss at the start: ${shown(plain.map(({ startLoss }) => startLoss))}.`, '',
    '| scalar peers | scalars a round | weight | loss | less that without them | |', '|---:|---:|---:|---:|---:|---|',
    ...rows.filter(row => row.length > 0).map(row => rowOf(row, plain)), ''
  ]
}

function rowOf (row: readonly LaneCell[], plain: readonly LaneCell[]): string {
  const [{ scalarPeers, isOneMore } = { scalarPeers: 0, isOneMore: false }] = row
  const differences = differencesOf(row, plain)
  const name = isOneMore ? 'none, and one more peer that trains' : String(scalarPeers)
  const isPlain = scalarPeers === 0 && !isOneMore
  const compared = isPlain ? ['–', ''] : [shown(differences), judgementOf(differences)]
  return `| ${[name, scalarPeers * SCALARS_A_ROUND, estimate(row.map(({ weight }) => weight)).mean.toFixed(3), shown(row.map(({ loss }) => loss)), ...compared].join(' | ')} |`
}

function differencesOf (row: readonly LaneCell[], plain: readonly LaneCell[]): number[] {
  return row.flatMap(({ seed, loss }) => plain.filter(other => other.seed === seed).map(other => loss - other.loss))
}

/** Where scalar peers helped, where they did harm, and where nothing is to be seen: in words that the numbers choose. */
function verdict (cells: readonly LaneCell[]): string[] {
  const judged = LANE_REGIMES.flatMap(({ name, title, model }) => {
    const ofRegime = cells.filter(({ regime }) => regime === name)
    const plain = ofRegime.filter(({ scalarPeers, isOneMore }) => scalarPeers === 0 && !isOneMore)
    return scalarPeersOf({ model }).filter(count => count > 0).flatMap(count => {
      const differences = differencesOf(ofRegime.filter(({ scalarPeers }) => scalarPeers === count), plain)
      return differences.length < 2 ? [] : [{ title, count, judgement: judgementOf(differences) }]
    })
  })
  const listed = (judgement: string): string => {
    const byTitle = new Map<string, number[]>()
    for (const { title, count } of judged.filter(cell => cell.judgement === judgement)) byTitle.set(title, [...byTitle.get(title) ?? [], count])
    return [...byTitle].map(([title, counts]) => `${title} (${counts.join(', ')})`).join('; ')
  }
  const [better, worse, neither] = ['better', 'worse', 'not distinguishable with these seeds'].map(listed) as [string, string, string]
  return [
    '## In short', '',
    `Scalar peers helped: ${better === '' ? 'nowhere' : better}. They did harm: ${worse === '' ? 'nowhere' : worse}. Nothing can be told with these seeds: ${neither === '' ? 'nowhere' : neither}. Numbers in brackets are scalar peers.`
  ]
}
