import { readFile } from 'node:fs/promises'
import type { VariantPoint } from './variants-arms.ts'
import { VARIANTS, VARIANT_MODEL } from './variants-arms.ts'

export interface VariantResult {
  readonly flags: string
  readonly rate: number
  readonly steps: number
  /** Curves of one seed each. */
  readonly runs: ReadonlyArray<{ readonly seed: number, readonly points: readonly VariantPoint[] }>
}

export interface VariantResults {
  readonly setup: string
  readonly parameters: number
  readonly secondsTotal: number
  readonly results: readonly VariantResult[]
}

/** Shares of the forward passes at which losses are told. */
const MARKS = [0.25, 0.5, 1]

/** What variants of one-byte came to, as a section; says so where nothing was measured. @param folder of results */
export async function variantsSection (folder: URL): Promise<string> {
  const text = await readFile(new URL('variants.json', folder), 'utf8').catch(() => undefined)
  if (text === undefined) return '## Variants\n\nNot measured yet: `npm run bench:variants`.\n'
  const { setup, parameters, secondsTotal, results } = JSON.parse(text) as VariantResults
  const start = meanOf(results.flatMap(({ runs }) => runs.map(({ points }) => points[0]?.loss ?? NaN)))
  const passes = results[0]?.runs[0]?.points.at(-1)?.forwardPasses ?? 0
  const rows = results.map(result => {
    const last = result.runs[0]?.points.at(-1)
    const losses = MARKS.map(share => meanOf(result.runs.map(({ points }) => lossAt(points, share * passes))).toFixed(3))
    return `| \`${result.flags}\` | ${result.rate} | ${result.steps} | ${last?.bytes ?? ''} | ${losses.join(' | ')} | ${difference(result, results)} |`
  })
  return `## Variants

Command: \`npm run bench:variants\`. Setup: ${setup}, one thread, ${secondsTotal} s. A GPT of ${VARIANT_MODEL.layers} layer and width ${VARIANT_MODEL.width} (${parameters} parameters) from its seed, ${VARIANTS.peers} peers of ${VARIANTS.rows} rows a step with shards of their own, all of it the code of a real peer but the links; ${VARIANTS.seeds} seeds, the same for every arm. Every arm has ${passes} forward passes a peer, whatever its directions, so that four directions a step have a quarter of the steps and of the packs, of 16 steps, after which anything moves. Rates were not searched for: runs of some arms at lower ones, ended before all were through, are not listed. Loss: nats per byte on text that nobody trains on, ${start.toFixed(3)} at the start. Bytes: what one peer sends to one other, with the frame of each pack. Arms that send fewer bytes or move fewer weights bear larger rates, which are not tried here. The last column is the paired difference at the end to one byte at the same rate, with its standard error.

| options | η | steps | bytes | ${MARKS.map(share => `loss at ${100 * share} %`).join(' | ')} | against one byte |
|---|---|---|---|${MARKS.map(() => '---|').join('')}---|
${rows.join('\n')}
`
}

function lossAt (points: readonly VariantPoint[], forwardPasses: number): number {
  return points.find(point => point.forwardPasses >= forwardPasses)?.loss ?? NaN
}

function difference ({ runs, rate }: VariantResult, results: readonly VariantResult[]): string {
  const plain = results.find(other => other.rate === rate)
  const differences = runs.map(({ seed, points }) => (points.at(-1)?.loss ?? NaN) - (plain?.runs.find(run => run.seed === seed)?.points.at(-1)?.loss ?? NaN))
  const mean = meanOf(differences)
  const error = Math.sqrt(differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (differences.length - 1) / differences.length)
  return `${mean >= 0 ? '+' : '−'}${Math.abs(mean).toFixed(3)} ± ${error.toFixed(3)}`
}

function meanOf (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
