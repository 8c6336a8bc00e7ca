import { estimate } from '../report/statistics.ts'
import type { Estimate } from '../report/statistics.ts'
import { MARKS, SHARED_SEEDS, WIRE } from './shared-passes-run.ts'
import type { SharedWire } from './shared-passes-run.ts'
import { VARIANTS, VARIANT_MODEL } from './variants-arms.ts'
import type { VariantPoint } from './variants-arms.ts'

export interface SharedArm {
  readonly name: 'own' | 'shared'
  readonly rate: number
  readonly steps: number
  readonly runs: ReadonlyArray<{ readonly seed: number, readonly points: readonly VariantPoint[] }>
}

export interface SharedResults {
  readonly setup: string
  readonly parameters: number
  readonly secondsTotal: number
  /** Of peers that run both passes, each followed by peers that share them and move as far. */
  readonly arms: readonly SharedArm[]
  readonly wire: { readonly own: SharedWire, readonly shared: SharedWire }
}

/** The first point at so large a share of the forward passes. */
function pointAt (points: readonly VariantPoint[], share: number): VariantPoint | undefined {
  const whole = points.at(-1)?.forwardPasses ?? NaN
  return points.find(({ forwardPasses }) => forwardPasses >= share * whole)
}

/** The page of results. Nothing in it is typed in by hand. */
export function sharedPassesPage ({ setup, parameters, secondsTotal, arms, wire }: SharedResults): string {
  const rows = arms.map((arm, at) => {
    const losses = MARKS.map(share => mean(arm.runs.map(({ points }) => pointAt(points, share)?.loss ?? NaN)).toFixed(3))
    const last = arm.runs[0]?.points.at(-1)
    return `| ${arm.name} | ${arm.rate} | ${arm.steps} | ${last?.forwardPasses ?? ''} | ${last?.bytes ?? ''} | ${losses.join(' | ')} | ${arm.name === 'own' ? '' : shown(against(arm, arms[at - 1]))} |`
  })
  return `# Two peers share the passes of a step

Command: \`npm run bench:passes\`. Setup: ${setup}, one thread, ${secondsTotal} s. Raw numbers: [shared-passes.json](shared-passes.json). How it works: [decision 22](../decisions/0022-passes-shared-by-two.md).

## Loss at as many forward passes

A GPT of ${VARIANT_MODEL.layers} layer and width ${VARIANT_MODEL.width} (${parameters} parameters) from its seed, ${VARIANTS.peers} peers of ${VARIANTS.rows} rows a step, packs of 16 steps, real training on one machine whose links are ideal: every half finds the other one. Peers that run both passes of a step have shards of their own and take half as many steps; those that share draw their pairs' batches from all of it. ${SHARED_SEEDS} seeds, the same for every arm. Loss: nats per byte on text that nobody trains on, at shares of the run. Bytes: what one peer sends to one other. Twice as many steps at half of the rate move as far; the last column is the paired difference at the end to the row above, with its 95 % interval.

| passes | η | steps | forward passes a peer | bytes | ${MARKS.map(share => `loss at ${100 * share} %`).join(' | ')} | against own passes |
|---|---|---|---|---|${MARKS.map(() => '---|').join('')}---|
${rows.join('\n')}

## Passes, seconds and bytes of a step

${WIRE.peers} peers in virtual time with links of 30 ms and forward passes of 50 ms, ${WIRE.steps} steps, everything sent included (packs to ${WIRE.peers - 1} others, comparisons of ledgers, frames).

| passes | forward passes a step and peer | seconds a step | bytes a step and peer |
|---|---|---|---|
${(['own', 'shared'] as const).map(name => `| ${name} | ${wire[name].passesPerStepAndPeer.toFixed(2)} | ${wire[name].secondsPerStep.toFixed(3)} | ${wire[name].bytesPerStepAndPeer.toFixed(0)} |`).join('\n')}

## Does it help?

${verdict(arms, wire)}`
}

function verdict (arms: readonly SharedArm[], { own, shared }: SharedResults['wire']): string {
  const judged = arms.flatMap((arm, at) => {
    if (arm.name === 'own') return []
    const { mean: difference, margin } = against(arm, arms[at - 1])
    const words = Math.abs(difference) <= margin ? 'no difference of loss that these seeds can tell' : difference < 0 ? 'a lower loss' : 'a higher loss'
    return [`at η ${arm.rate} ${words} (${shown({ mean: difference, margin })})`]
  })
  const [time, bytes] = [shared.secondsPerStep / own.secondsPerStep, shared.bytesPerStepAndPeer / own.bytesPerStepAndPeer]
  return `A step takes ${(100 * time).toFixed(0)} % of the time and ${bytes.toFixed(2)} times the bytes, ${(2 * bytes).toFixed(2)} times for as many forward passes. Against own passes that move as far: ${judged.join('; ')}.\n`
}

function against ({ runs }: SharedArm, own: SharedArm | undefined): Pick<Estimate, 'mean' | 'margin'> {
  return estimate(runs.map(({ seed, points }) => (points.at(-1)?.loss ?? NaN) - (own?.runs.find(run => run.seed === seed)?.points.at(-1)?.loss ?? NaN)))
}

function shown ({ mean: value, margin }: Pick<Estimate, 'mean' | 'margin'>): string {
  return `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(3)} ± ${margin.toFixed(3)}`
}

function mean (values: readonly number[]): number {
  return estimate(values).mean
}
