import { LARGEST_NEIGHBOURHOOD } from '../../../src/membership/partial-view.ts'
import { formatBytes } from '../../../node/terminal/units.ts'
import { lineChartSvg } from '../../report/line-chart.ts'
import { estimate } from '../../report/statistics.ts'
import { shownDifference } from './comparison.ts'
import { figuresOf, trainedOnly } from './figures.ts'
import type { Figures, MixedResults } from './figures.ts'
import { preface, table } from './page.ts'
import { fitPowerLaw, predict } from './power-law.ts'
import type { PowerLaw } from './power-law.ts'
import { GLOBAL_BATCH, INTERVALS, LAW_ARMS, LAW_SEEDS, LAW_STEPS, REAL, REPLICAS, SIMULATED, WIDTHS } from './scaling-arms.ts'
import type { LawArm } from './scaling-arms.ts'

/** Cells with more than one replica that a law of four coefficients is not fitted without. */
const LEAST_OBSERVED = 10
/** Figures within this factor of each other over all sizes are called flat. */
const FLAT_WITHIN = 1.1
/** Rounds that met nobody send little: bytes are compared between swarms that mostly met. */
const MET = 0.9

export function scalingPage (study: { readonly name: string }, results: MixedResults): ReadonlyArray<readonly [string, string]> {
  const observed = observationsOf(results)
  const chart = lawChart(observed)
  const text = [
    ...preface(study, 'Scaling', results, LAW_SEEDS), '',
    '## Simulated swarms', '', ...simulated(results), '',
    '## Real daemons', '', ...real(results), '',
    '## A law over replicas and H', '', ...law(observed), '', ...chart === undefined ? [] : ['![Loss over replicas](scaling-law.svg)', ''],
    'How long a sync takes as the swarm grows: [claims.md](claims.md#sync-time).', ''
  ].join('\n')
  return chart === undefined ? [['scaling.md', text]] : [['scaling.md', text], ['scaling-law.svg', chart]]
}

interface Sized {
  readonly peers: number
  readonly figures: Figures
}

function flatness (name: string, value: string, over: readonly Sized[]): readonly string[] {
  const [values, sizes] = [over.map(({ figures }) => figures[value] ?? NaN), over.map(({ peers }) => peers)]
  const ratio = Math.max(...values) / Math.min(...values)
  return sizes.length < 2 ? [] : [`- ${name}: the most is ${ratio.toFixed(2)} times the least over ${Math.min(...sizes).toLocaleString('en')} to ${Math.max(...sizes).toLocaleString('en')} peers: ${ratio <= FLAT_WITHIN ? '**flat**' : 'not flat'}.`]
}

function simulated (results: MixedResults): readonly string[] {
  const found = SIMULATED.sizes.flatMap(peers => {
    const figures = figuresOf(results, `simulated-${peers}-seed1`)
    return figures === undefined ? [] : [{ peers, figures }]
  })
  const partial = found.filter(({ peers }) => peers > LARGEST_NEIGHBOURHOOD)
  return [
    `Pair gossip (\`fedavg-pairs\`, fp32) every ${SIMULATED.everySteps} steps in virtual time on a quadratic of ${SIMULATED.weights} weights, partial views above ${LARGEST_NEIGHBOURHOOD} members, signatures stubbed; equal tokens: ${SIMULATED.peerRounds.toLocaleString('en')} rounds of all peers together at every size, so that a larger swarm has fewer rounds. Loss: ½‖θ − optimum‖² a weight, of replicas as they are; one run a size. ` +
    'The heap is the simulator’s, a peer’s share of its growth, and of a small swarm mostly what lies about before it is collected.', '',
    ...table(['peers:', 'rounds of each:', 'bytes of exchanges a round and peer:', 'bytes announced a round and peer:', 'rounds averaged:', 'loss:', 'heap a peer:'], found.map(({ peers, figures: { rounds = NaN, sentBytesPerRound = NaN, announcedBytesPerRound = NaN, averagedShare = NaN, loss = NaN, heapBytes = NaN } }) => [
      peers.toLocaleString('en'), rounds.toFixed(0), sentBytesPerRound.toFixed(0), announcedBytesPerRound.toFixed(0), `${(100 * averagedShare).toFixed(1)} %`, loss.toFixed(4), formatBytes(heapBytes)
    ])), '',
    ...flatness('Bytes of exchanges', 'sentBytesPerRound', found), ...flatness('Announcements', 'announcedBytesPerRound', found), ...flatness('Announcements where views are partial', 'announcedBytesPerRound', partial)
  ]
}

function real (results: MixedResults): readonly string[] {
  const found: readonly Sized[] = REAL.sizes.flatMap(peers => REAL.seeds.flatMap(seed => {
    const figures = figuresOf(results, `real-${peers}-seed${seed}`)
    return figures === undefined ? [] : [{ peers, figures }]
  }))
  return [
    `\`${REAL.method}\`, H = ${REAL.everySteps}, the ${REAL.model} model, processes that share one machine, over loopback; equal tokens: ${REAL.peerSteps} inner steps of all peers together, so that a larger swarm has fewer rounds: ${REAL.sizes.map(peers => `${REAL.peerSteps / peers / REAL.everySteps} with ${peers}`).join(', ')}. ` +
    `Above ${REAL.patientAbove} peers they wait for each other for at least ${REAL.patienceSeconds} s, since processes take turns on few cores. ` +
    'Payload is what was sent, whether the round averaged in the end or not; loss is that of the merged model, of so short a run; bytes on the wire are those for training, what keeps members in touch stands beside them; resident size is each peer’s process at its largest. Time is not judged.', '',
    ...found.length === 0 ? ['Not measured yet.'] : table(['peers:', 'steps of each:', 'payload bytes a step and peer:', 'wire bytes a step and peer:', 'control bytes a peer:', 'rounds averaged:', 'resident a peer:', 'loss, merged:', 'peers lost:'], found.map(({ peers, figures: { steps = NaN, payloadBytesPerStep = NaN, wireBytesPerStep = NaN, controlBytes = NaN, averagedShare = NaN, residentBytes = NaN, evalLoss = NaN, lost = NaN } }) => [
      String(peers), String(steps), payloadBytesPerStep.toFixed(0), wireBytesPerStep.toFixed(0), formatBytes(controlBytes), `${Math.round(100 * averagedShare)} %`, formatBytes(residentBytes), evalLoss.toFixed(3), String(lost)
    ])), '',
    ...flatness(`Payload, where at least ${100 * MET} % of the rounds averaged`, 'payloadBytesPerStep', found.filter(({ figures: { averagedShare = NaN } }) => averagedShare >= MET)), ...flatness('Payload, all sizes', 'payloadBytesPerStep', found),
    ...flatness('Resident size', 'residentBytes', found), ...flatness('Control bytes', 'controlBytes', found)
  ]
}

interface Observed {
  readonly arm: LawArm
  readonly parameters: number
  /** Mean over the seeds that there are. */
  readonly loss: number
  readonly losses: readonly number[]
}

function observationsOf (results: MixedResults): readonly Observed[] {
  const trained = trainedOnly(results)
  return LAW_ARMS.flatMap(arm => {
    const cells = LAW_SEEDS.flatMap(seed => trained.get(`${arm.name}-seed${seed}`)?.result ?? [])
    const losses = cells.map(({ mergedLoss }) => mergedLoss ?? NaN)
    return cells.length === 0 ? [] : [{ arm, parameters: cells[0]?.parameters ?? NaN, loss: estimate(losses).mean, losses }]
  })
}

/** How far the seeds of a cell lie apart: one standard deviation, pooled over cells; undefined where every cell has one seed. */
function spreadOfSeeds (observed: readonly Observed[]): number | undefined {
  const several = observed.filter(({ losses }) => losses.length > 1)
  const degrees = several.reduce((sum, { losses }) => sum + losses.length - 1, 0)
  const squares = several.reduce((sum, { loss, losses }) => sum + losses.reduce((all, value) => all + (value - loss) ** 2, 0), 0)
  return degrees === 0 ? undefined : Math.sqrt(squares / degrees)
}

function law (observed: readonly Observed[]): readonly string[] {
  const shared = observed.filter(({ arm }) => arm.replicas > 1)
  const spread = spreadOfSeeds(observed)
  const intro = `\`noloco\` on like shards, ${LAW_STEPS} steps, ${GLOBAL_BATCH} rows a step of all replicas together, so that every cell sees the same tokens: what more replicas cost is that each has fewer rows. Losses are means over as many of seeds ${LAW_SEEDS.join(', ')} as are measured${spread === undefined ? '' : `; seeds of the same cell lie ${spread.toFixed(3)} nats apart (one standard deviation, pooled)`}.`
  const rows = table(['parameters:', ...REPLICAS.flatMap(replicas => replicas === 1 ? ['M = 1:'] : INTERVALS.map(every => `M = ${replicas}, H = ${every}:`))], WIDTHS.filter(width => observed.some(({ arm }) => arm.width === width)).map(width => {
    const mine = observed.filter(({ arm }) => arm.width === width)
    const lossAt = (replicas: number, every: number): string => mine.find(({ arm }) => arm.replicas === replicas && arm.everySteps === every)?.loss.toFixed(3) ?? '–'
    return [(mine[0]?.parameters ?? NaN).toLocaleString('en'), ...REPLICAS.flatMap(replicas => (replicas === 1 ? [1] : INTERVALS).map(every => lossAt(replicas, every)))]
  }))
  if (shared.length < LEAST_OBSERVED) return [intro, '', ...rows]
  const fitted = fitPowerLaw(shared.map(({ arm, parameters, loss }) => ({ x: [parameters, arm.replicas, arm.everySteps], y: loss })))
  return [intro, '', ...rows, '', ...told(fitted, shared), ...fromOneToTwo(observed)]
}

/** The law has no cell of one replica, which no exchange can help or hurt: what a second one costs is told beside it. */
function fromOneToTwo (observed: readonly Observed[]): readonly string[] {
  const of = (width: number, replicas: number, every?: number): readonly number[] =>
    observed.find(({ arm }) => arm.width === width && arm.replicas === replicas && (every === undefined || arm.everySteps === every))?.losses ?? []
  const told = WIDTHS.flatMap(width => INTERVALS.flatMap(every => {
    const [one, two] = [of(width, 1), of(width, 2, every)]
    const parameters = observed.find(({ arm }) => arm.width === width)?.parameters ?? NaN
    return one.length > 1 && one.length === two.length ? [`${shownDifference(estimate(two.map((loss, place) => loss - (one[place] ?? NaN))))} at ${parameters.toLocaleString('en')} parameters and H = ${every}`] : []
  }))
  return told.length === 0 ? [] : [`- From one replica to two, in nats, paired: ${told.join('; ')}. The rate is the same for all.`]
}

function told (fitted: PowerLaw, observed: readonly Observed[]): readonly string[] {
  const [parameters, replicas, every] = fitted.exponents.map((mean, place) => ({ mean, margin: fitted.margins[place] ?? Infinity })) as [Exponent, Exponent, Exponent]
  const shown = ({ mean, margin }: Exponent): string => `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(4)} ± ${margin.toFixed(4)}`
  const doubled = ({ mean, margin }: Exponent): string => Math.abs(mean) > margin ? `${mean < 0 ? '−' : '+'}${Math.abs(100 * (2 ** mean - 1)).toFixed(1)} % in loss` : 'no effect that could be told'
  const worst = Math.max(...observed.map(({ arm, parameters: size, loss }) => Math.abs(predict(fitted, [size, arm.replicas, arm.everySteps]) / loss - 1)))
  const sizes = observed.map(one => one.parameters)
  const rises = Math.abs(replicas.mean) <= replicas.margin ? 'whether it does here cannot be told' : replicas.mean > 0 ? 'it rises here as well' : 'here it falls'
  return [
    `Least squares in logarithms over the ${observed.length} cells with more than one replica: **L = ${fitted.factor.toFixed(3)} · Nᵃ · Mᵇ · Hᶜ** with a = ${shown(parameters)}, b = ${shown(replicas)}, c = ${shown(every)} (95 % intervals). It explains ${(100 * fitted.explained).toFixed(1)} % of the variance of ln L and is ${(100 * fitted.residual).toFixed(1)} % off on average, ${(100 * worst).toFixed(1)} % at most.`, '',
    `- Twice the parameters: ${doubled(parameters)}. Twice the replicas: ${doubled(replicas)}. Twice H: ${doubled(every)}.`,
    `- The scaling laws of DiLoCo (arXiv 2503.09799) have loss rise with replicas at a fixed batch of all, less so in larger models; from two replicas on, ${rises}. Sizes within a factor of ${(Math.max(...sizes) / Math.min(...sizes)).toFixed(0)} tell nothing about models far larger.`
  ]
}

interface Exponent {
  readonly mean: number
  readonly margin: number
}

function lawChart (observed: readonly Observed[]): string | undefined {
  const series = WIDTHS.flatMap(width => INTERVALS.map(every => {
    const mine = observed.filter(({ arm }) => arm.width === width && (arm.everySteps === every || arm.replicas === 1))
    return { name: `${(mine[0]?.parameters ?? 0).toLocaleString('en')} parameters, H = ${every}`, points: mine.map(({ arm, loss }) => ({ x: arm.replicas, y: loss })) }
  }))
  if (series.some(({ points }) => points.length < 2)) return undefined
  return lineChartSvg({ title: 'Held-out loss at equal tokens over replicas', xLabel: 'replicas (logarithmic)', yLabel: 'nats per byte', logarithmicX: true, series })
}
