import { estimate } from '../report/statistics.ts'
import { LEARNING_ARMS } from './learning-arms.ts'
import type { ArmResult } from './learning-arms.ts'

/** The page of results: a row an arm, then differences over paired seeds. Nothing in it is typed in by hand. */
export function learningTable (results: readonly ArmResult[], tuning: readonly ArmResult[], setup: string): string {
  const arms = LEARNING_ARMS.map(({ name, title }) => ({ arm: name, title }))
  const of = (arm: string): ArmResult[] => results.filter(result => result.arm === arm)
  const seeds = [...new Set(results.map(result => result.seed))]
  const first = results[0]
  const rates = [...new Set(tuning.map(run => run.learningRate))]
  return [
    '# Does a swarm learn?',
    '',
    'Command: `npm run bench:learning`. Raw numbers: one JSON file a cell in [learning/](learning). ' + `Setup: ${setup}; seeds ${seeds.join(', ')}.`,
    '',
    `Data: State of the Union addresses, every tenth address held out, the others cut into four eras. Model: GPT, ${first?.parameters ?? 0} parameters, bytes. ` +
    `Every peer takes ${first?.steps ?? 0} inner steps. Loss: held-out nats per byte; ± is the 95 % interval over the seeds (Student's t).`,
    '',
    'The setup is one in which a swarm can pay: batches of two sequences, so that a peer’s own gradient is noisy, and shards by era, so that no',
    'peer sees how the others’ presidents spoke. (c) sees four times the data of (a) and of each peer of (b) and (d) in every step: the bound of averaging.',
    '',
    '| arm | held-out loss | tokens a peer | payload bytes a peer sent | bytes of all-reduce every step |',
    '|---|---|---|---|---|',
    ...arms.map(({ arm, title }) => {
      const runs = of(arm)
      return `| ${title} | ${shown(runs.map(run => run.loss))} | ${Math.round(mean(runs.map(run => run.tokensPerPeer))).toLocaleString('en')} | ` +
        `${Math.round(mean(runs.map(run => run.payloadBytesPerPeer))).toLocaleString('en')} | ${Math.round(mean(runs.map(run => run.allReduceBytesPerPeer))).toLocaleString('en')} |`
    }),
    '',
    'Differences over paired seeds (negative: the swarm with averaging is better):',
    '',
    '| swarm against | difference in loss | judgement |',
    '|---|---|---|',
    ...arms.filter(({ arm }) => arm !== 'swarm').map(({ arm, title }) => differenceRow(title, of('swarm'), of(arm))),
    '',
    '![Held-out loss against tokens](learning-tokens.svg)',
    '',
    '![Held-out loss against bytes](learning-bytes.svg)',
    '',
    'Learning rates, tried on a seed of their own (loss of the arm at each rate; the best one was used above):',
    '',
    `| arm | ${rates.join(' | ')} |`,
    `|---|${rates.map(() => '---|').join('')}`,
    ...arms.map(({ arm, title }) => `| ${title} | ${rates.map(rate => tuning.find(run => run.arm === arm && run.learningRate === rate)?.loss.toFixed(4) ?? '–').join(' | ')} |`),
    '',
    'The curves are the replicas’ own losses, averaged over peers; the table judges the swarm by its merged model and',
    'the peers that never average by their own replicas, as merging them would be averaging.',
    ''
  ].join('\n')
}

function differenceRow (title: string, swarm: readonly ArmResult[], other: readonly ArmResult[]): string {
  const differences = swarm.flatMap(run => other.filter(({ seed }) => seed === run.seed).map(pair => run.loss - pair.loss))
  const { mean: difference, margin } = estimate(differences)
  const judgement = Math.abs(difference) <= margin ? 'not distinguishable with these seeds' : difference < 0 ? 'the swarm is better' : 'the swarm is worse'
  return `| ${title} | ${difference.toFixed(4)} ± ${margin.toFixed(4)} | ${judgement} |`
}

function shown (values: readonly number[]): string {
  const { mean: centre, margin } = estimate(values)
  return `${centre.toFixed(4)} ± ${margin.toFixed(4)}`
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
