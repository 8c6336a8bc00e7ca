import { TUNING_SEED } from '../method-grid.ts'
import { TARGET } from './bytes-arms.ts'
import { GAP_ARMS, GAP_GROUNDS, GAP_STEPS, RUNGS, rungOf } from './bytes-gap-arms.ts'
import type { GapArm, GapGround, Rung } from './bytes-gap-arms.ts'
import { table } from './page.ts'
import type { Results } from './study.ts'
import type { Trained } from './training-cells.ts'

/** A rung at its best rate. */
interface Judged {
  readonly rung: Rung
  readonly loss: number
  readonly rate: number
  /** All rates that were measured, ascending. */
  readonly tried: readonly number[]
}

const [TOP, UNSAVED, FLAGSHIP] = ['ddp', 'h1', 'shoal']

/** Which ingredient of the flagship costs how much, and on which ground less. */
export function gapSection (results: Results<Trained>): readonly string[] {
  const [home] = GAP_GROUNDS as readonly [GapGround]
  return [
    `From all-reduce to \`shoal 20\` one ingredient at a time, on the tuning seed (${TUNING_SEED}) alone, which tells where the loss is lost and gives no interval. Every row stands at its best of the rates in brackets; one that is best at the end of them, marked ↔, might be better beyond. ` +
    'What a row costs is its loss less that of the row which has all but its ingredient, in nats and as a share of the flagship’s whole gap; a negative cost is a gain. Runs that the sweep of [methods.md](methods.md#the-sweep) has are taken from there.', '',
    ...GAP_STEPS.flatMap(steps => endedBlank(ladder(judgedOn(results, home, steps), steps))),
    ...grounds(results)
  ]
}

function endedBlank (lines: readonly string[]): readonly string[] {
  return lines.at(-1) === '' ? lines : [...lines, '']
}

function judgedOn (results: Results<Trained>, ground: GapGround, steps: number): readonly Judged[] {
  return ground.rungs.flatMap(name => judge(results, GAP_ARMS.filter(arm => arm.rung.name === name && arm.ground === ground && arm.steps === steps)) ?? [])
}

function judge (results: Results<Trained>, arms: readonly GapArm[]): Judged | undefined {
  const measured = arms.flatMap(({ name, rung, point: { learningRate: rate } }) => {
    const found = results.get(`${name}-seed${TUNING_SEED}`)
    return found === undefined ? [] : [{ rung, rate, loss: found.result.mergedLoss ?? Infinity }]
  })
  const [best] = [...measured].sort((one, other) => one.loss - other.loss)
  return best === undefined ? undefined : { ...best, tried: measured.map(({ rate }) => rate).sort((one, other) => one - other) }
}

function ladder (rows: readonly Judged[], steps: number): readonly string[] {
  const title = `### After ${steps} steps`
  const of = (name: string): Judged | undefined => rows.find(({ rung }) => rung.name === name)
  const [top, unsaved, flagship] = [of(TOP), of(UNSAVED), of(FLAGSHIP)]
  const gap = (flagship?.loss ?? NaN) - (top?.loss ?? NaN)
  if (top === undefined || !Number.isFinite(gap)) return [title, '', 'Not measured yet.']
  const costs = rows.flatMap(({ rung, loss }) => {
    const before = of(rung.beside ?? '')
    return before === undefined || !Number.isFinite(loss - before.loss) ? [] : [{ rung, nats: loss - before.loss }]
  })
  return [
    title, '',
    ...table(['ingredient', 'rate:', 'loss:', 'above `ddp`:', 'costs, nats:', 'share of the gap:'], rows.map(row => {
      const cost = costs.find(({ rung }) => rung === row.rung)?.nats
      return [row.rung.what, shownRate(row), shownLoss(row.loss), row === top ? '–' : excess(row.loss, top.loss), ...cost === undefined ? ['–', '–'] : [signed(cost, 3), percent(cost / gap)]]
    })), '',
    ...dearest(costs.filter(({ rung }) => LADDER.includes(rung)), gap, `after ${steps} steps`),
    ...unsaved === undefined ? [] : beforeSaving(unsaved.loss, top.loss)
  ]
}

/** The rungs that lead to the flagship; others stand beside. */
const LADDER: readonly Rung[] = pathTo(rungOf(FLAGSHIP))

function pathTo (rung: Rung): readonly Rung[] {
  return rung.beside === undefined ? [] : [...pathTo(rungOf(rung.beside)), rung]
}

function dearest (costs: ReadonlyArray<{ readonly rung: Rung, readonly nats: number }>, gap: number, when: string): readonly string[] {
  const [first, second] = [...costs].sort((one, other) => other.nats - one.nats)
  if (first === undefined || second === undefined || costs.length < LADDER.length) return []
  return [`- Of the ${gap.toFixed(3)} nats by which \`shoal 20\` ends above \`ddp\` ${when}, the most is paid for *${first.rung.what}*: **${percent(first.nats / gap)}**; next for *${second.rung.what}*: ${percent(second.nats / gap)}.`]
}

/** What a peer’s own inner optimizer costs where everything is still sent every step. */
function beforeSaving (loss: number, reference: number): readonly string[] {
  if (loss / reference - 1 <= TARGET.slack) return []
  return [`- Before a byte is saved, a peer’s own inner optimizer on its own rows costs ${excess(loss, reference)}, where the target allows ${percent(TARGET.slack)}: every method here that shares no gradients begins with that.`]
}

interface OnGround {
  readonly ground: GapGround
  readonly steps: number
  readonly top: Judged
  readonly judged: readonly Judged[]
}

/** The same rungs where something else is changed. */
function grounds (results: Results<Trained>): readonly string[] {
  const rows = GAP_STEPS.flatMap(steps => GAP_GROUNDS.flatMap((ground): OnGround[] => {
    const judged = judgedOn(results, ground, steps)
    const top = judged.find(({ rung }) => rung.name === TOP)
    return top === undefined || judged.length < 2 ? [] : [{ ground, steps, top, judged }]
  }))
  const compared = RUNGS.filter(({ name }) => name !== TOP && GAP_GROUNDS.every(({ rungs }) => rungs.includes(name)))
  return [
    '### On other grounds', '',
    'Each at its best rate, which stands in brackets, above `ddp` of the same ground; what is left of the flagship’s gap is its percentage there as a share of that on the first ground. A small gap to an all-reduce that is itself worse is no gain: its own loss stands beside.', '',
    ...rows.length === 0 ? ['Not measured yet.'] : table(['steps:', 'ground', '`ddp`:', ...compared.map(rung => `${methodOf(rung)}:`), 'left of the gap:'], rows.map(row => [
      String(row.steps), row.ground.what, `${shownLoss(row.top.loss)} (${marked(row.top)})`,
      ...compared.map(rung => {
        const found = row.judged.find(one => one.rung === rung)
        return found === undefined ? 'not measured' : `${excess(found.loss, row.top.loss)} (${marked(found)})`
      }),
      leftOf(row, rows)
    ]))
  ]
}

function methodOf ({ preset, overrides: { everySteps } }: Rung): string {
  return `\`${preset} ${everySteps ?? ''}\``
}

/** Of the flagship’s gap on the first ground. */
function leftOf (row: OnGround, rows: readonly OnGround[]): string {
  const home = rows.find(({ steps, ground }) => steps === row.steps && ground === GAP_GROUNDS[0])
  const [here, there] = [row, home].map(one => one === undefined ? undefined : gapOf(one))
  return here === undefined || there === undefined || row === home ? '–' : percent(here / there)
}

function gapOf ({ judged, top }: OnGround): number | undefined {
  const flagship = judged.find(({ rung }) => rung.name === FLAGSHIP)
  return flagship === undefined ? undefined : flagship.loss / top.loss - 1
}

function shownRate (judged: Judged): string {
  return `${marked(judged)} (${judged.tried.join(', ')})`
}

function marked ({ rate, tried }: Judged): string {
  return `${rate}${rate === tried[0] || rate === tried.at(-1) ? ' ↔' : ''}`
}

function excess (loss: number, reference: number): string {
  return Number.isFinite(loss) ? `${signed(100 * (loss / reference - 1), 1)} %` : 'diverged'
}

function percent (share: number): string {
  return `${Math.round(100 * share)} %`.replace('-', '−')
}

function signed (value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
}

function shownLoss (loss: number): string {
  return Number.isFinite(loss) ? loss.toFixed(3) : 'diverged'
}
