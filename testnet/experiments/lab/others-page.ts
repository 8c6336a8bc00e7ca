import { estimate } from '../../report/statistics.ts'
import { GROUND, PUBLISHED_SEEDS } from './arms.ts'
import { differenceVerdict, shownFraction, shownEstimate, shownShare } from './comparison.ts'
import { bestOf, excessOver, lossOver, rowsOfArms, sentOf, shareOfBytes } from './lab-rows.ts'
import type { LabRow } from './lab-rows.ts'
import { OTHERS, asOthersSend } from './others-arms.ts'
import { kilobytes, preface, table } from './page.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

/** The flagship where it learns most, and where it sends least. */
const OWN_INTERVALS: readonly number[] = [5, 40]

export function othersPage (study: { readonly name: string }, results: Results<Trained>, published: readonly LabRow[]): string {
  const { peers, steps, batch, model } = GROUND
  const own = published.filter(({ what, everySteps }) => what === 'shoal' && OWN_INTERVALS.includes(everySteps))
  const others = [...asOthersSend(published), ...rowsOfArms(OTHERS, results, PUBLISHED_SEEDS)]
  const ddp = bestOf(published.filter(({ what }) => what === 'ddp'))
  return [
    ...preface(study, 'Against what others send', results, PUBLISHED_SEEDS), '',
    `The same model, data, tokens and inner optimizer (${peers} peers, ${steps} steps of ${batch} × ${model.context} on the ground of [methods.md](methods.md)) through reimplementations of what other systems put on the wire: their method, their codec, and how often a payload crosses a peer’s uplink. ` +
    'Their transports, schedulers and fault handling are not judged. Bytes are payload that a peer sent, one final merge included where replicas differ; ± and brackets are 95 % intervals over paired seeds.', '',
    ...table(
      ['system and what it sends', 'H:', 'loss:', 'kB sent:', 'share of all-reduce’s:', ...own.map(row => `\`${row.name}\` is above it by:`), ...own.map(row => `\`${row.name}\` sends of its bytes:`)],
      others.map(row => [
        row.what, String(row.everySteps), shownEstimate(lossOver(row)), kilobytes(sent(row)), ddp === undefined ? '–' : shownFraction(shareOfBytes(row, ddp)),
        ...own.map(ours => shownShare(excessOver(ours, row))), ...own.map(ours => shownFraction(shareOfBytes(ours, row)))
      ])
    ), '',
    ...own.flatMap(ours => verdicts(ours, others)), '',
    `\`shoal\` itself: ${own.map(row => `H = ${row.everySteps}: ${shownEstimate(lossOver(row))} at ${kilobytes(sent(row))} kB`).join('; ')}.`, '',
    '## What to know before believing it', '',
    `- DISCO counts a round in epochs, which are longer than this whole run; its H here is ours. What it sends is computed from the bytes of the ring: everyone’s whole weights to everyone else, ${peers / 2} times as much at ${peers} peers.`,
    '- The runs and models that these systems are made for are far larger; DiLoCo’s outer momentum of 0.9 in particular has few rounds here to build up.',
    '- NoLoCo’s published code sends weights and deltas; its bytes here are twice what one tensor takes.', ''
  ].join('\n')
}

function sent (row: LabRow): number {
  return estimate(row.samples.map(sample => sentOf(row, sample))).mean
}

/** One sentence for each outcome: against whom it is better, worse, or not told apart, at fewer bytes. */
function verdicts (ours: LabRow, others: readonly LabRow[]): readonly string[] {
  const judged = others.map(row => ({ row, verdict: differenceVerdict(excessOver(ours, row)), isCheaper: shareOfBytes(ours, row).high < 1 }))
  const named = (wanted: string, isCheaper: boolean): string => {
    const found = judged.filter(({ verdict, isCheaper: cheaper }) => verdict === wanted && cheaper === isCheaper).map(({ row }) => row.what.replace(/:.*/, ''))
    return found.length === 0 ? 'nobody' : [...new Set(found)].join('; ')
  }
  return [
    `- \`${ours.name}\` at fewer bytes than they: lower loss than ${named('lower', true)}; not to be told apart from ${named('not told apart', true)}; higher loss than ${named('higher', true)}.`,
    ...judged.some(({ isCheaper }) => !isCheaper) ? [`- At as many bytes or more: lower loss than ${named('lower', false)}; not to be told apart from ${named('not told apart', false)}; higher loss than ${named('higher', false)}.`] : []
  ]
}
