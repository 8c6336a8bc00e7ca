import { estimate } from '../report/statistics.ts'
import { LEARNING_ARMS } from './learning-arms.ts'
import type { ArmResult } from './learning-arms.ts'

interface Arm {
  readonly title: string
  readonly arm: string
  readonly runs: readonly ArmResult[]
}

/** The page of results: a row an arm, then differences over paired seeds. Nothing in it is typed in by hand. */
export function learningTable (results: readonly ArmResult[], tuning: readonly ArmResult[], setup: string): string {
  const arms = LEARNING_ARMS.map(({ name, title }): Arm => ({ arm: name, title, runs: results.filter(result => result.arm === name) }))
  return [
    ...preface(results, setup),
    '',
    '| arm | held-out loss | tokens a peer | payload bytes a peer sent | bytes of all-reduce every step |',
    '|---|---|---|---|---|',
    ...arms.map(armRow),
    '',
    ...differences(arms),
    '',
    '![Held-out loss against tokens](learning-tokens.svg)',
    '',
    '![Held-out loss against bytes](learning-bytes.svg)',
    '',
    ...rates(arms, tuning),
    '',
    'The curves are the replicas’ own losses, averaged over peers; the table judges the swarm by its merged model and',
    'the peers that never average by their own replicas, as merging them would be averaging.',
    ''
  ].join('\n')
}

function preface (results: readonly ArmResult[], setup: string): string[] {
  const seeds = [...new Set(results.map(result => result.seed))]
  const first = results[0]
  return [
    '# Does a swarm learn?',
    '',
    'Command: `npm run bench:learning`. Raw numbers: one JSON file a cell in [learning/](learning). ' + `Setup: ${setup}; seeds ${seeds.join(', ')}.`,
    '',
    `Data: State of the Union addresses, every tenth address held out, the others cut into four eras. Model: GPT, ${first?.parameters ?? 0} parameters, bytes. ` +
    `Every peer takes ${first?.steps ?? 0} inner steps. Loss: held-out nats per byte; ± is the 95 % interval over the seeds (Student's t).`,
    '',
    'The setup is one in which a swarm can pay: batches of two sequences, so that a peer’s own gradient is noisy, and shards by era, so that no',
    'peer sees how the others’ presidents spoke. (c) sees four times the data of (a) and of each peer of (b) and (d) in every step: the bound of averaging.'
  ]
}

function armRow ({ title, runs }: Arm): string {
  const whole = (values: readonly number[]): string => Math.round(mean(values)).toLocaleString('en')
  const cells = [
    title, shown(runs.map(run => run.loss)), whole(runs.map(run => run.tokensPerPeer)), whole(runs.map(run => run.payloadBytesPerPeer)), whole(runs.map(run => run.allReduceBytesPerPeer))
  ]
  return `| ${cells.join(' | ')} |`
}

function differences (arms: readonly Arm[]): string[] {
  const swarm = arms.find(({ arm }) => arm === 'swarm')?.runs ?? []
  return [
    'Differences over paired seeds (negative: the swarm with averaging is better):',
    '',
    '| swarm against | difference in loss | judgement |',
    '|---|---|---|',
    ...arms.filter(({ arm }) => arm !== 'swarm').map(({ title, runs }) => differenceRow(title, swarm, runs))
  ]
}

function rates (arms: readonly Arm[], tuning: readonly ArmResult[]): string[] {
  const tried = [...new Set(tuning.map(run => run.learningRate))]
  const lossAt = (arm: string, rate: number): string => tuning.find(run => run.arm === arm && run.learningRate === rate)?.loss.toFixed(4) ?? '–'
  return [
    'Learning rates, tried on a seed of their own (loss of the arm at each rate; the best one was used above):',
    '',
    `| arm | ${tried.join(' | ')} |`,
    `|---|${tried.map(() => '---|').join('')}`,
    ...arms.map(({ arm, title }) => `| ${title} | ${tried.map(rate => lossAt(arm, rate)).join(' | ')} |`)
  ]
}

function differenceRow (title: string, swarm: readonly ArmResult[], other: readonly ArmResult[]): string {
  const paired = swarm.flatMap(run => other.filter(({ seed }) => seed === run.seed).map(pair => run.loss - pair.loss))
  const { mean: difference, margin } = estimate(paired)
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
