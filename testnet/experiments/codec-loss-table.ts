import { estimate } from '../report/statistics.ts'
import { CODEC_ARMS, PLAIN } from './codec-loss-arms.ts'
import type { CodecArm, CodecPreset } from './codec-loss-arms.ts'
import type { ArmResult } from './learning-arms.ts'

/** The page of results: a table for each preset, a row for each codec, with its paired difference to fp32. Nothing in it is typed in by hand. */
export function codecLossTable (results: readonly ArmResult[], setup: string): string {
  const presets = [...new Set(CODEC_ARMS.map(({ preset }) => preset))]
  const seeds = [...new Set(results.map(({ seed }) => seed))]
  return [
    '# What do codecs cost in loss?', '',
    `Command: \`npm run bench:codec-loss\`. Setup: ${setup}; seeds ${seeds.join(', ')}. Raw numbers: one JSON file a cell in [codec-loss/](codec-loss).`, '',
    'The ground of [learning.md](learning.md): four peers, each with one era of the State of the Union addresses, equal tokens. Loss: held-out nats per byte of the merged model; ± is',
    'the 95 % interval over the seeds (Student’s t). Differences are paired: the same seed draws the same batches.', '',
    ...presets.flatMap(preset => presetTable(preset, results))
  ].join('\n')
}

function presetTable (preset: CodecPreset, results: readonly ArmResult[]): string[] {
  const arms = CODEC_ARMS.filter(arm => arm.preset === preset)
  const runsOf = ({ name }: CodecArm): readonly ArmResult[] => results.filter(result => result.arm === name)
  const plain = arms.filter(({ codec }) => codec === PLAIN).flatMap(runsOf)
  return [
    `## \`${preset}\``, '', '| codec | payload bytes a peer sent | held-out loss | less that of fp32 | judgement |', '|---|---:|---:|---:|---|',
    ...arms.filter(arm => runsOf(arm).length > 0).map(arm => armRow(arm, runsOf(arm), plain)), ''
  ]
}

function armRow ({ codec }: CodecArm, runs: readonly ArmResult[], plain: readonly ArmResult[]): string {
  const bytes = Math.round(estimate(runs.map(run => run.payloadBytesPerPeer)).mean).toLocaleString('en')
  const cells = [`\`${codec.replaceAll('|', '\\|')}\``, bytes, shown(runs.map(({ loss }) => loss))]
  if (codec === PLAIN) return `| ${[...cells, '–', '–'].join(' | ')} |`
  const paired = runs.flatMap(run => plain.filter(({ seed }) => seed === run.seed).map(({ loss }) => run.loss - loss))
  const { mean, margin } = estimate(paired)
  const judgement = !Number.isFinite(margin) ? 'one pair alone' : Math.abs(mean) <= margin ? 'not distinguishable with these seeds' : mean < 0 ? 'better' : 'worse'
  return `| ${[...cells, shown(paired), judgement].join(' | ')} |`
}

function shown (values: readonly number[]): string {
  const { mean, margin } = estimate(values)
  return Number.isFinite(margin) ? `${mean.toFixed(4)} ± ${margin.toFixed(4)}` : mean.toFixed(4)
}
