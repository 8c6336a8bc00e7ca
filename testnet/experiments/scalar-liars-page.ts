import { scalarPresets } from '../../src/spsa/scalar-methods.ts'
import type { ScalarPresetName } from '../../src/spsa/scalar-methods.ts'
import type { LiarCell, LiarFigures } from './scalar-liars.ts'

/** What two liars of eight may cost. */
const TARGET_PERCENT = 5

/** In tables. */
const SHARED = 'one-byte, passes shared'

/** What liars cost by method, batch and margin. @param pairs of one byte whose passes two share */
export function liarsSection (cells: LiarFigures, pairs: LiarFigures): string {
  const [first] = cells
  const rows = [...cells.map(cell => [cell.method, cell] as const), ...pairs.map(cell => [SHARED, cell] as const)].map(([name, cell]) => `| ${name} | ${cell.batch} | ${cell.margin} | ${meanOf(cell.honest).toFixed(3)} | ${meanOf(cell.lied).toFixed(3)} | ${signed(costOf(cell))} % | ${signed(worstOf(cell))} % |`)
  return `## Liars

Two of eight send the loudest scalars there are against what they measured, in virtual time: a logistic regression of ten weights, ${first?.honest.length ?? 0} seeds of problem, batches and links (\`npm run bench:scalars -- liars liarsOfPairs\`). Held-out losses are over that of the true model. The margin (\`--margin\`) is how many levels, eight to a factor of e, above the median of its round, or of the window before, a scalar counts whole; beyond, it counts as one there. Where passes are shared, a liar turns round and magnifies the loss of its half, of which the remainder is told, so that the pair's scalars are arbitrary; as many forward passes are twice as many steps, at half of the rate.

| | rows of a batch | margin | honest | with two liars | they cost | at worst |
|---|---|---|---|---|---|---|
${rows.join('\n')}

${verdicts(cells, pairs)}
`
}

/** Which margins keep the target, and what the presets have, in words that the numbers choose. */
function verdicts (cells: LiarFigures, pairs: LiarFigures): string {
  const lines = (Object.keys(scalarPresets) as ScalarPresetName[]).flatMap(method => {
    const own = cells.filter(cell => cell.method === method)
    return own.length === 0 ? [] : [`- ${method}, whose preset has ${marginOf(method)}: ${keptBy(own)}`]
  })
  return `Loss within ${TARGET_PERCENT} % on average:\n\n${[...lines, `- ${SHARED}, at as many forward passes: ${keptBy(pairs)}`].join('\n')}`
}

function keptBy (cells: LiarFigures): string {
  const margins = [...new Set(cells.map(({ margin }) => margin))]
  const batches = [...new Set(cells.map(({ batch }) => batch))]
  return batches.map(batch => {
    const fitting = margins.filter(margin => cells.some(cell => cell.batch === batch && cell.margin === margin && costOf(cell) <= TARGET_PERCENT))
    return `${fitting.length === 0 ? 'none of these margins' : `margins ${fitting.join(', ')}`} with batches of ${batch}`
  }).join('; ')
}

function marginOf (method: ScalarPresetName): number {
  const preset = scalarPresets[method]
  return preset.kind === 'one-byte' ? preset.clip.levelsAboveMedian : preset.levelsAboveMedian
}

function costOf ({ honest, lied }: LiarCell): number { return 100 * (meanOf(lied) / meanOf(honest) - 1) }

function worstOf ({ honest, lied }: LiarCell): number { return Math.max(...lied.map((loss, seed) => 100 * (loss / (honest[seed] ?? NaN) - 1))) }

function signed (percent: number): string { return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)}` }

function meanOf (values: readonly number[]): number { return values.reduce((sum, value) => sum + value, 0) / values.length }
