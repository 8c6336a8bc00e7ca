import type { Estimate } from '../../report/statistics.ts'
import { lineChartSvg } from '../../report/line-chart.ts'
import { PUBLISHED_SEEDS } from './arms.ts'
import { ablations } from './claims-ablations.ts'
import { shownEstimate } from './comparison.ts'
import { MORE_SEEDS } from './claims-arms.ts'
import { findings } from './claims-findings.ts'
import { figureOver } from './figures.ts'
import type { MixedResults } from './figures.ts'
import type { LabRow } from './lab-rows.ts'
import { preface, table } from './page.ts'
import { SYNC } from './simulated-claims.ts'

export function claimsPage (study: { readonly name: string }, results: MixedResults, published: readonly LabRow[]): ReadonlyArray<readonly [string, string]> {
  const chart = syncChart(results)
  const text = [
    ...preface(study, 'What papers claim, and what was measured here', results, MORE_SEEDS), '',
    'Every claim with our number, the setup and a verdict that its interval allows: *holds*, *does not hold*, or *cannot be told with these seeds*. Real training is that of [methods.md](methods.md), whose rows are reused; what is simulated says so. Their models are thousands of times larger and their runs longer: what fails here may hold there, and the other way round. ' +
    `Trained swarms have the first ${PUBLISHED_SEEDS.length} of the seeds at most, small simulations all. Differences are held-out nats per byte of the merged model over paired seeds, negative where the first is better; ± is the 95 % interval (Student’s t).`, '',
    ...table(['claim', 'setup', 'measured', 'verdict'], findings(results, published).map(({ claim, setup, measured, verdict }) => [claim, setup, measured, `**${verdict}**`])), '',
    '## NoLoCo, one thing at a time', '', 'What its reviewers asked for.', '', ...ablations(results, published), '',
    '## Sync time', '',
    `Simulated: ${SYNC.replicaBytes / 1e6} MB a replica in fp32, ${SYNC.megabits} Mbit/s up, ${SYNC.latencyMs} ms and up to ${SYNC.jitterMs} ms of jitter one way, peers up to a tenth apart in speed; the time for which a peer’s trainer rests a round. Groups of everyone reduce and gather in parts, all to all, as the frame conducts them: not the tree of the paper, whose time grows with log N.`, '',
    ...syncTable(results), '', ...chart === undefined ? [] : ['![Sync time](claims-sync.svg)', '']
  ].join('\n')
  return chart === undefined ? [['claims.md', text]] : [['claims.md', text], ['claims-sync.svg', chart]]
}

function syncTable (results: MixedResults): readonly string[] {
  return table(['peers:', '`diloco`, everyone, s:', '`noloco`, pairs, s:', 'ratio:', '`noloco` rounds averaged:'], SYNC.noloco.map(peers => {
    const [all, pairs, averaged] = [figureOver(results, `sync-diloco-${peers}`, 'seconds', PUBLISHED_SEEDS), figureOver(results, `sync-noloco-${peers}`, 'seconds', PUBLISHED_SEEDS), figureOver(results, `sync-noloco-${peers}`, 'averagedShare', PUBLISHED_SEEDS)]
    const shown = (seconds: Estimate): string => seconds.count === 0 ? '–' : shownEstimate(seconds)
    return [String(peers), shown(all), shown(pairs), Number.isFinite(all.mean / pairs.mean) ? (all.mean / pairs.mean).toFixed(1) : '–', Number.isFinite(averaged.mean) ? `${Math.round(100 * averaged.mean)} %` : '–']
  }))
}

function syncChart (results: MixedResults): string | undefined {
  const series = (['diloco', 'noloco'] as const).map(preset => ({
    name: preset,
    points: SYNC[preset].flatMap(peers => {
      const { mean, margin, count } = figureOver(results, `sync-${preset}-${peers}`, 'seconds', PUBLISHED_SEEDS)
      return count === 0 ? [] : [{ x: peers, y: mean, ...Number.isFinite(margin) ? { margin } : {} }]
    })
  }))
  if (series.some(({ points }) => points.length < 2)) return undefined
  return lineChartSvg({ title: 'Time for which a round stops training (simulated)', xLabel: 'peers (logarithmic)', yLabel: 'seconds', logarithmicX: true, series })
}
