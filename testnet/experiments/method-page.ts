import type { Estimate } from '../report/statistics.ts'
import { estimate } from '../report/statistics.ts'
import { CLAIMS, shownDifference } from './method-claims.ts'
import type { Grid } from './method-grid.ts'
import { TUNING_SEED } from './method-grid.ts'
import type { MethodOutcome } from './method-bench.ts'
import { judgedLoss } from './method-bench.ts'
import { MERGE_CODEC } from './method-merge.ts'
import { bestRow, bytesOf, difference, frontOf, labelOf, lossOf, meanOf, offersOf, offersWorthDrawing } from './method-rows.ts'
import type { Form, Offer, Row } from './method-rows.ts'
import type { StoredCell } from './method-store.ts'

const FORM_WORDS: Readonly<Record<Form, string>> = { merged: 'merged', replicas: 'as they are' }

/** The page of results. Nothing in it that was measured is typed in by hand. */
export function methodPage (grid: Grid, outcomes: readonly MethodOutcome[], rows: readonly Row[]): string {
  const cells = outcomes.flatMap(({ tried, chosen }) => [...tried, ...chosen.flatMap(point => point.cells)])
  return [
    ...preface(grid, rows, cells), '',
    ...results(grid, rows), '',
    '![Held-out loss against bytes sent](methods-front.svg)', '',
    ...notDrawn(rows),
    ...front(rows), '',
    '![Held-out loss as bytes are sent](methods-bytes.svg)', '',
    ...grid.links.map(megabits => `![Held-out loss over simulated time at ${megabits} Mbit/s](${timeChartName(megabits)})\n`),
    ...claims(rows), '',
    ...tuning(grid, outcomes), '',
    ...limits(grid, rows, cells), ''
  ].join('\n')
}

export function timeChartName (megabits: number): string {
  return `methods-time-${megabits}mbit.svg`
}

function preface ({ setting, links, seeds }: Grid, rows: readonly Row[], cells: readonly StoredCell[]): string[] {
  const { peers, steps, batch, model, stepMs, latencyMs, heldOutBytes } = setting
  const parameters = cells[0]?.parameters ?? 0
  const listed = (value: (cell: StoredCell) => string): string => [...new Set(cells.map(value))].sort().join(', ')
  return [
    '# Every method on the same ground', '',
    `Command: \`npm run bench:methods\`. Raw numbers: one JSON a cell in [methods/](methods), ${cells.length} of them. Setup: ${listed(cell => cell.origin.setup)}; commit ${listed(cell => cell.origin.commit)}, ${listed(cell => cell.origin.date)}; ` +
    `paired seeds ${seeds.join(', ')}, tuning on seed ${TUNING_SEED}.`, '',
    `${peers} peers train a GPT of ${parameters.toLocaleString('en')} parameters (${model.layers} layer, width ${model.width}, context ${model.context}, bytes) on the State of the Union addresses, a shard an era, every tenth address held out (${heldOutBytes.toLocaleString('en')} bytes of them judge). ` +
    `Every peer takes ${steps} steps of ${batch} × ${model.context} tokens from the same genesis, with Muon within (two methods bring their own, see the end). Training is real, time is virtual: a step takes ${stepMs} ms, a message ${latencyMs} ms one way, and uplinks carry ${[...links].sort((a, b) => a - b).join(', ')} Mbit/s.`, '',
    `Loss is held-out nats per byte, ± the 95 % interval over seeds (Student’s t). *Merged* is one model, the mean of all replicas at the end as \`${MERGE_CODEC}\` carries it; where replicas differ, what that costs stands beside the payload. *As they are* is the mean of the replicas’ own losses. ` +
    `Bytes are those a peer sent. ${rows.length === 0 ? '' : 'Differences are over paired seeds, negative where the method is better than the best row of the other; those whose interval does not contain nothing are bold.'}`
  ]
}

function results ({ links }: Grid, rows: readonly Row[]): string[] {
  const ascending = [...links].sort((a, b) => a - b)
  const members = new Set(frontOf(offersOf(rows)).map(({ row }) => row))
  const references = [bestRow(rows, 'diloco'), bestRow(rows, 'noloco')]
  return [
    `| method | H | rate | merged | as they are | − diloco | − noloco | payload, kB | + merge | wire, kB | ${ascending.map(link => `s at ${link} Mbit/s`).join(' | ')} | distance | rounds |`,
    `|---|---|---|---|---|---|---|---|---|---|${ascending.map(() => '---|').join('')}---|---|`,
    ...rows.map(row => `| ${[
      members.has(row) ? `**${row.preset}** ★` : row.preset, row.everySteps, row.rate, shown(estimate(row.cells.map(cell => lossOf(cell, 'merged')))), shown(estimate(row.cells.map(cell => lossOf(cell, 'replicas')))),
      ...references.map(reference => against(row, reference)), kilobytes(meanOf(row, cell => cell.payloadBytes)), kilobytes(meanOf(row, cell => cell.mergeBytes)), kilobytes(meanOf(row, cell => cell.wireBytes)),
      ...ascending.map(link => secondsAt(row, link)), meanOf(row, cell => cell.consensusDistance ?? NaN).toPrecision(2), roundsOf(row)
    ].join(' | ')} |`), '',
    ...fewerSeeds(rows), '★ on the Pareto front, in one form or the other. Distance: √(mean ‖θᵢ − θ̄‖²) / ‖θ̄‖ before the merge. Rounds in brackets: the share in which a peer averaged with someone, where it was not all of them; a small one says that H/F steps are too short a flight for this latency, and nothing else of the method.'
  ]
}

/** An interrupted bench says what it lacks. */
function fewerSeeds (rows: readonly Row[]): string[] {
  const most = Math.max(...rows.map(({ cells }) => cells.length))
  const lacking = rows.filter(({ cells }) => cells.length < most).map(({ label, cells }) => `${label} ${cells.length}`)
  return lacking.length === 0 ? [] : [`Paired seeds: ${most}, but ${lacking.join(', ')}: the bench was ended before; the same command goes on.`, '']
}

function against (row: Row, reference: Row | undefined): string {
  if (reference === undefined || reference === row) return '–'
  const found = difference(row, reference)
  return Math.abs(found.mean) > found.margin ? `**${shownDifference(found)}**` : shownDifference(found)
}

function secondsAt (row: Row, megabits: number): string {
  const cells = row.all.filter(({ inputs }) => inputs.megabits === megabits)
  return cells.length === 0 ? '–' : (cells.reduce((sum, { seconds }) => sum + seconds, 0) / cells.length).toFixed(0)
}

function roundsOf (row: Row): string {
  const share = meanOf(row, cell => cell.averagedShare)
  const { groupSize } = row.cells[0]?.inputs.method ?? {}
  return `${meanOf(row, cell => cell.rounds).toFixed(0)}${share > 0.995 || groupSize === 1 ? '' : ` (${Math.round(100 * share)} %)`}`
}

function notDrawn (rows: readonly Row[]): string[] {
  const drawn = offersWorthDrawing(rows).map(labelOf)
  const left = offersOf(rows).filter(({ bytes }) => bytes > 0).map(labelOf).filter(label => !drawn.includes(label))
  return left.length === 0 ? [] : [`Not drawn, because worse than replicas that never average: ${left.join(', ')} (° as they are, the others merged).`, '']
}

function front (rows: readonly Row[]): string[] {
  const members = frontOf(offersOf(rows))
  return [
    '## The Pareto front', '', 'Nothing measured is better at as few bytes. The last column is the paired difference to the member before: where its interval contains nothing, these seeds cannot tell whether the extra bytes buy anything.', '',
    '| method | model | bytes a peer, kB | loss | − the one before |', '|---|---|---|---|---|',
    ...members.map((offer, index) => `| ${offer.row.label} | ${FORM_WORDS[offer.form]} | ${kilobytes(offer.bytes)} | ${shown(offer.loss)} | ${lead(offer, members[index - 1])} |`), '',
    flagshipSentence(members, rows)
  ]
}

function lead (offer: Offer, before: Offer | undefined): string {
  return before === undefined ? '–' : shownDifference(difference(offer.row, before.row, [offer.form, before.form]))
}

/** Where the flagship stands, whatever came out. */
function flagshipSentence (members: readonly Offer[], rows: readonly Row[]): string {
  const own = members.filter(({ row }) => row.preset === 'shoal')
  const flagship = bestRow(rows, 'shoal')
  if (flagship === undefined) return ''
  if (own.length === 0) return '`shoal` is nowhere on the front.'
  const [least, most] = [own[0], own.at(-1)] as [Offer, Offer]
  const cheaper = members.filter(({ bytes }) => bytes < least.bytes).map(({ row }) => row.label)
  const better = members.filter(({ bytes }) => bytes > most.bytes).map(({ row }) => row.label)
  const among = members.filter(({ row, bytes }) => row.preset !== 'shoal' && bytes > least.bytes && bytes < most.bytes).map(({ row }) => row.label)
  const others = (labels: readonly string[], none: string): string => labels.length === 0 ? none : [...new Set(labels)].join(', ')
  return `\`shoal\` holds ${own.length} of its ${members.length} members, from ${kilobytes(least.bytes)} to ${kilobytes(most.bytes)} kB. Cheaper: ${others(cheaper, 'nothing')}. Better at more bytes: ${others(better, 'nothing')}. Between its own: ${others(among, 'nothing')}.`
}

function claims (rows: readonly Row[]): string[] {
  return [
    '## What the papers claim, and what was measured here', '',
    'Their models are thousands of times larger and their runs longer: a claim that fails here may hold there, and the other way round. Each method stands at its best row.', '',
    '| method | claim | measured here | |', '|---|---|---|---|',
    ...CLAIMS.flatMap(({ preset, source, claim, measure }) => {
      const found = measure(rows)
      return found === undefined ? [] : [`| \`${preset}\` | ${claim} (${source}) | ${found.measured} | ${found.verdict} |`]
    })
  ]
}

function tuning ({ methods }: Grid, outcomes: readonly MethodOutcome[]): string[] {
  const ofFlagship = methods.flatMap(({ preset, variants }) => variants.map(({ name }) => `${preset} ${name}`))
  const isVariant = (cell: StoredCell): boolean => ofFlagship.includes(`${cell.preset} ${cell.point}`)
  const tried = outcomes.flatMap(outcome => outcome.tried)
  const line = (cell: StoredCell): string => `| ${cell.preset} | ${cell.point} | ${judgedLoss(cell).toFixed(3)} | ${kilobytes(bytesOf(cell, 'replicas'))} | ${kilobytes(cell.mergeBytes)} |`
  const header = ['| method | point | merged loss | payload, kB | + merge |', '|---|---|---|---|---|']
  return [
    '## The sweep', '', `Seed ${TUNING_SEED} alone. Of the points that differ in rates only, the best went on to the paired seeds.`, '', ...header, ...tried.filter(cell => !isVariant(cell)).map(line), '',
    'The flagship’s other constants, one at a time; what they are held beside is the same point of the sweep above:', '', ...header, ...tried.filter(isVariant).map(line)
  ]
}

function limits (grid: Grid, rows: readonly Row[], cells: readonly StoredCell[]): string[] {
  const { setting, links } = grid
  const broken = cells.filter(({ violations, finished }) => violations.length > 0 || finished < setting.peers)
  const departed = rows.filter(row => row.cells.some(({ inputs, mergedLoss }) => row.all.some(other => other.inputs.seed === inputs.seed && other.mergedLoss !== mergedLoss)))
  return [
    '## What to know before believing it', '',
    `- Swept: the inner rate and, where a method has one, H; of \`demo\` its own rate. Not swept: outer rates and momenta, codecs, fragments and flights of the published methods, which keep their authors’ constants; batch, model, decay. The flagship alone had more constants tried, on the tuning seed.`,
    `- The rates that were swept are three, a factor of two apart. ${atTheEdge(grid, rows)}`,
    `- Runs of ${setting.steps} steps have few outer rounds, which is hard on outer momentum: 0.9 needs tens of rounds to build up, and the published runs have hundreds.`,
    '- \`ddp\`, \`sparta\`, \`demo\` and \`dgc\` wait in every step, as the frame conducts them; \`sparta\` in its own code does not. \`dgc\` has Muon without momentum, since it brings its own; \`demo\`\'s sign steps have neither Muon nor a decay of the rate.',
    `- Each swarm trained once, at ${links[0] ?? 0} Mbit/s. On the other links that training was played back, which checks to the bit that the link changed nothing; where it did, the swarm trained again${departed.length === 0 ? ' (nowhere in these cells)' : `: ${departed.map(row => lossByLink(row, links)).join('; ')}`}.`,
    '- Equal machines, no losses, nobody leaves: what groups of everyone cost when someone is slow or dies is not in these numbers.',
    `- ${broken.length === 0 ? 'Every peer of every cell took all its steps, and the referee saw no broken promise.' : `In ${broken.length} cells a peer did not finish or a promise was broken: ${broken.slice(0, 5).map(cell => `${cell.preset} ${cell.point}: ${cell.violations[0] ?? `${cell.finished} finished`}`).join('; ')}.`}`
  ]
}

/** A best rate at the end of what was tried may have a better one beyond. */
function atTheEdge ({ methods }: Grid, rows: readonly Row[]): string {
  const sideOf = (side: 'lowest' | 'highest'): string => rows.filter(row => {
    const rates = methods.find(({ preset }) => preset === row.preset)?.groups.flat().map(({ learningRate }) => learningRate) ?? []
    return row.rate === (side === 'lowest' ? Math.min(...rates) : Math.max(...rates))
  }).map(({ label }) => label).join(', ')
  const [lowest, highest] = [sideOf('lowest'), sideOf('highest')]
  return `Best at the lowest of them, and perhaps better below: ${lowest === '' ? 'none' : lowest}. At the highest, and perhaps better above: ${highest === '' ? 'none' : highest}.`
}

/** Of a method whose result depends on the link: what is in flight there lands later, or too late. */
function lossByLink (row: Row, links: readonly number[]): string {
  const ascending = [...links].sort((a, b) => a - b)
  const estimatesOf = (value: (cell: StoredCell) => number): readonly Estimate[] => ascending.map(link => estimate(row.all.filter(({ inputs }) => inputs.megabits === link).map(value)))
  const losses = estimatesOf(cell => lossOf(cell, 'merged')).map(({ mean }) => mean.toFixed(3))
  const landed = estimatesOf(cell => cell.averagedShare).map(({ mean }) => `${Math.round(100 * mean)} %`)
  return `${row.label} ends at ${losses.join(', ')} on ${ascending.join(', ')} Mbit/s, where ${landed.join(', ')} of its rounds landed before the next was due`
}

function shown ({ mean, margin }: Estimate): string {
  if (!Number.isFinite(mean)) return 'diverged'
  return `${mean.toFixed(3)} ± ${Number.isFinite(margin) ? margin.toFixed(3) : '∞'}`
}

function kilobytes (bytes: number): string {
  return Math.round(bytes / 1000).toLocaleString('en')
}
