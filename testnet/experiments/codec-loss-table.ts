import { estimate } from '../report/statistics.ts'
import { CODEC_ARMS, CODEC_SETTING, PLAIN } from './codec-loss-arms.ts'
import type { CodecArm, CodecPreset } from './codec-loss-arms.ts'

export interface ArmResult {
  readonly arm: CodecArm
  readonly seed: number
  /** Held-out nats per byte of the merged model; NaN for one that diverged. */
  readonly loss: number
  /** That a peer sent, on average. */
  readonly payloadBytes: number
}

/** The page of results: a table for each preset, a row for each codec, with its paired difference to fp32. Nothing in it is typed in by hand. */
export function codecLossTable (results: readonly ArmResult[], setup: string): string {
  const presets = [...new Set(CODEC_ARMS.map(({ preset }) => preset))]
  const seeds = [...new Set(results.map(({ seed }) => seed))]
  return [
    '# What do codecs cost in loss?', '',
    `Command: \`npm run bench:codec-loss\`. Setup: ${setup}; seeds ${seeds.join(', ')}. Raw numbers: one JSON file a cell in [codec-loss/](codec-loss).`, '',
    `The ground of [methods.md](methods.md) with ${CODEC_SETTING.peers} peers, each with one era of the State of the Union addresses, ${CODEC_SETTING.steps} steps of ${CODEC_SETTING.batch} × ${CODEC_SETTING.model.context} tokens; everything but the codec is the same.`,
    'Loss: held-out nats per byte of the merged model; ± is the 95 % interval over the seeds (Student’s t). Differences are paired: the same seed draws the same batches. Where',
    'no difference can be told, the interval says how large one may still be. What sends a part of the values alone needs the reference that `diloco` shares and pairs lack;',
    '`lowrank` needs whole matrices, which groups cut.', '',
    ...presets.flatMap(preset => presetTable(preset, results))
  ].join('\n')
}

function presetTable (preset: CodecPreset, results: readonly ArmResult[]): string[] {
  const arms = CODEC_ARMS.filter(arm => arm.preset === preset)
  const runsOf = (arm: CodecArm): readonly ArmResult[] => results.filter(result => result.arm === arm)
  const plain = arms.filter(({ codec }) => codec === PLAIN).flatMap(runsOf)
  return [
    `## \`${preset}\``, '', '| codec | payload bytes a peer sent | held-out loss | less that of fp32 | judgement |', '|---|---:|---:|---:|---|',
    ...arms.filter(arm => runsOf(arm).length > 0).map(arm => armRow(arm, runsOf(arm), plain)), ''
  ]
}

function armRow ({ codec }: CodecArm, runs: readonly ArmResult[], plain: readonly ArmResult[]): string {
  const bytes = Math.round(estimate(runs.map(run => run.payloadBytes)).mean).toLocaleString('en')
  const cells = [`\`${codec.replaceAll('|', '\\|')}\``, bytes, shown(runs.map(({ loss }) => loss))]
  if (codec === PLAIN) return `| ${[...cells, '–', '–'].join(' | ')} |`
  const paired = runs.flatMap(run => plain.filter(({ seed }) => seed === run.seed).map(({ loss }) => run.loss - loss))
  return `| ${[...cells, shown(paired), judgementOf(paired)].join(' | ')} |`
}

/** Of paired differences, less being better. */
export function judgementOf (differences: readonly number[]): string {
  const { mean, margin } = estimate(differences)
  if (!Number.isFinite(margin)) return 'one pair alone'
  return Math.abs(mean) <= margin ? 'not distinguishable with these seeds' : mean < 0 ? 'better' : 'worse'
}

/** Mean and interval. */
export function shown (values: readonly number[]): string {
  const { mean, margin } = estimate(values)
  return Number.isFinite(margin) ? `${mean.toFixed(4)} ± ${margin.toFixed(4)}` : mean.toFixed(4)
}
