import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'
import { PUBLISHED_SEEDS } from './arms.ts'
import type { Arm } from './arms.ts'
import { ABLATIONS, EVERY, MERGINGS, MORE_SEEDS } from './claims-arms.ts'
import { both, isAtMost, shownDifference, shownEstimate, shownShare } from './comparison.ts'
import type { Verdict } from './comparison.ts'
import { figureOver, figuresOf, trainedOnly } from './figures.ts'
import type { MixedResults } from './figures.ts'
import { bestOf, excessOver, mergedLossOf, pairsOf, rowsOfArms, sentOf } from './lab-rows.ts'
import type { LabRow, Sample } from './lab-rows.ts'
import { BACKUP, SAMPLED, SYNC } from './simulated-claims.ts'

export interface Finding {
  readonly claim: string
  readonly setup: string
  readonly measured: string
  readonly verdict: Verdict
}

/** What "as good" allows, as a share of the loss that it is held beside. */
const AS_GOOD = 0.01

/** Each claim for which all is measured that it needs. */
export function findings (results: MixedResults, published: readonly LabRow[]): readonly Finding[] {
  const best = (preset: string): LabRow | undefined => bestOf(published.filter(({ what }) => what === preset))
  const streamed = published.find(({ what, everySteps }) => what === 'streaming-diloco' && everySteps === EVERY)
  const unquantized = rowsOfArms(ABLATIONS, trainedOnly(results), PUBLISHED_SEEDS).find(({ name }) => name === 'streaming-diloco-fp32')
  const whole = published.find(({ what, everySteps }) => what === 'diloco' && everySteps === EVERY)
  return [
    ...whereBoth(best('noloco'), best('diloco'), converges), ...syncTime(results), ...whereBoth(streamed, whole, peak), ...whereBoth(streamed, unquantized, lossless), ...sampled(results),
    ...merges(results, best('branch-train-merge'), best('fedavg')), ...variance(results), ...whereBoth(best('dgc'), best('ddp'), sparseGradients), ...backup(results)
  ]
}

/** Paired over seeds: the merged losses of one less those of the other. */
export function differenceOver (ours: LabRow, theirs: LabRow): Estimate {
  return estimate(pairsOf(ours, theirs).map(([one, other]) => mergedLossOf(one) - mergedLossOf(other)))
}

/** One figure of two arms, of the same seeds. */
function pairedFigures (results: MixedResults, [ours, theirs]: readonly [string, string], figure: string): ReadonlyArray<readonly [number, number]> {
  return MORE_SEEDS.flatMap(seed => {
    const [one, other] = [ours, theirs].map(arm => figuresOf(results, `${arm}-seed${seed}`)?.[figure])
    return one === undefined || other === undefined ? [] : [[one, other] as const]
  })
}

function figuresOver (results: MixedResults, arm: string, figure: string): Estimate {
  return figureOver(results, arm, figure, MORE_SEEDS)
}

function whereBoth (one: LabRow | undefined, other: LabRow | undefined, find: (one: LabRow, other: LabRow) => Finding): readonly Finding[] {
  return one === undefined || other === undefined ? [] : [find(one, other)]
}

/** Above the other’s loss by no more than one percent of it. */
function asGood (ours: LabRow, theirs: LabRow): { readonly sentence: string, readonly verdict: Verdict } {
  const excess = excessOver(ours, theirs)
  return { sentence: `${shownShare(excess)} in loss (${shownDifference(differenceOver(ours, theirs))} nats) against \`${theirs.name}\``, verdict: isAtMost(excess, AS_GOOD) }
}

function converges (ours: LabRow, theirs: LabRow): Finding {
  const { sentence, verdict } = asGood(ours, theirs)
  return { claim: 'NoLoCo: pairs converge as well as DiLoCo, or up to 4 % faster (arXiv 2506.10911)', setup: 'each at its best H and rate of methods.md', measured: `\`${ours.name}\`: ${sentence}`, verdict }
}

function syncTime (results: MixedResults): readonly Finding[] {
  const most = Math.max(...SYNC.diloco)
  const paired = pairedFigures(results, [`sync-diloco-${most}`, `sync-noloco-${most}`], 'seconds')
  if (paired.length === 0) return []
  const ratio = estimate(paired.map(([everyone, pairs]) => everyone / pairs))
  return [{
    claim: 'NoLoCo: a sync takes less time than DiLoCo’s', setup: `simulated, ${most} peers; everyone in one group is not simulated beyond, so that the tenth which the paper has among about 1,000 peers is not judged; table below`,
    measured: `${shownEstimate(ratio)} times as long for everyone as for pairs`, verdict: isAtMost({ ...ratio, mean: -ratio.mean }, -1)
  }]
}

/** Of one exchange beside another: the largest burst that a link has to take. */
function peak (streamed: LabRow, whole: LabRow): Finding {
  const burst = ({ samples }: LabRow): number => estimate(samples.map(({ payloadBytes, curve }) => payloadBytes / rounds(curve.at(-1)?.step ?? 0))).mean
  const rounds = (steps: number): number => steps / EVERY
  const ratio = burst(whole) / burst(streamed)
  const fragments = 2
  return {
    claim: 'Streaming DiLoCo: peak bandwidth down by two orders of magnitude (arXiv 2501.18512)', setup: `H = ${EVERY}, ${fragments} fragments, E3M0, beside whole replicas in fp32 (\`${whole.name}\`)`,
    measured: `a burst of one fragment is ${(fragments * ratio).toFixed(0)} times smaller, of which ${ratio.toFixed(1)} times by the codec; in flight over several steps rather than waited for`,
    verdict: fragments * ratio >= 100 ? 'holds' : 'does not hold'
  }
}

function lossless (streamed: LabRow, unquantized: LabRow): Finding {
  const { sentence, verdict } = asGood(streamed, unquantized)
  return { claim: 'Streaming DiLoCo: four bits (E3M0) cost no loss', setup: `H = ${EVERY}, at most ${100 * AS_GOOD} % worse; the same with fp32`, measured: sentence, verdict }
}

function sampled (results: MixedResults): readonly Finding[] {
  return (['gone', 'frozen'] as const).flatMap((lost): Finding[] => {
    const paired = pairedFigures(results, [`modest-${lost}`, 'modest-nobody'], 'loss')
    if (paired.length === 0) return []
    const excess = estimate(paired.map(([loss, calm]) => loss / calm - 1))
    const [averaged, usual] = [figuresOver(results, `modest-${lost}`, 'averaged'), figuresOver(results, 'modest-nobody', 'averaged')]
    const areAveraging: Verdict = averaged.mean >= usual.mean / 2 ? 'holds' : 'does not hold'
    return [{
      claim: `MoDeST: training goes on with ${100 * SAMPLED.lostShare} % unresponsive (arXiv 2302.13837)`,
      setup: `simulated, softmax regression, ${SAMPLED.peers} peers of which ${SAMPLED.drawn} are drawn a round, quorum 2; ${lost === 'gone' ? `machines vanish, noticed after ${SAMPLED.detectionMs / 1000} s` : 'machines stand still with connections open, and nothing pings them as real ones do'}`,
      measured: `${shownShare(excess)} in loss; those who are left average in ${averaged.mean.toFixed(1)} rounds each, against ${usual.mean.toFixed(1)} with everyone`,
      verdict: both(isAtMost(excess, AS_GOOD), areAveraging)
    }]
  })
}

/** What was merged once at the end beside what averaged all along: from scratch, and on the grounds where merging is said to suffice. */
function merges (results: MixedResults, scratch: LabRow | undefined, along: LabRow | undefined): readonly Finding[] {
  const row = (arm: Arm | undefined): LabRow | undefined => arm === undefined ? along : rowsOfArms([arm], trainedOnly(results), PUBLISHED_SEEDS)[0]
  const setups = [...MERGINGS.map(merging => ({ setup: merging.setup, apart: row(merging.apart), along: row(merging.along) })), { setup: 'peers that part at the genesis and never meet; unlike shards', apart: scratch, along }]
  return setups.flatMap(({ setup, ...rows }) => whereBoth(rows.apart, rows.along, (apart, everyone) => singleMerge(setup, apart, everyone)))
}

function singleMerge (setup: string, apart: LabRow, along: LabRow): Finding {
  const pairs = pairsOf(apart, along)
  const change = (merged: (ours: Sample, theirs: Sample) => number): Estimate => estimate(pairs.map(([one, other]) => merged(one, other) - (one.replicasLoss ?? Infinity)))
  const [once, always] = [change(mergedLossOf), change((_, other) => mergedLossOf(other))]
  const { sentence, verdict } = asGood(apart, along)
  return {
    claim: '“A Single Merging Suffices”: one merge of everyone at the end matches averaging with everyone all along (arXiv 2507.06542)', setup: `${setup}; at most ${100 * AS_GOOD} % worse`,
    measured: `${sentence}; beside the replicas as they are, the merge changes ${shownDifference(once)} nats, averaging all along ${shownDifference(always)}${once.mean < 0 ? `: ${Math.round(100 * once.mean / always.mean)} % of it` : ''}`, verdict
  }
}

function variance (results: MixedResults): readonly Finding[] {
  const cells = MORE_SEEDS.map(seed => figuresOf(results, `variance-seed${seed}`)).filter(cell => cell !== undefined)
  if (cells.length === 0) return []
  const [left, back] = [figuresOver(results, 'variance', 'plainVariance'), figuresOver(results, 'variance', 'repairedVariance')]
  const less = (ours: string, theirs: string): Estimate => estimate(cells.map(cell => (cell[ours] ?? NaN) - (cell[theirs] ?? NaN)))
  const [loses, gains] = [less('plainLoss', 'oneLoss'), less('repairedLoss', 'plainLoss')]
  return [
    { claim: 'Vanishing variance: averaging n uncorrelated models shrinks the variance of their weights n times', setup: '8 geneses of unlike seeds, weight matrices', measured: `${(100 * left.mean).toFixed(1)} % ± ${(100 * left.margin).toFixed(1)} is left (an eighth is 12.5)`, verdict: isAtMost({ ...left, mean: Math.abs(left.mean - 1 / 8) }, 0.01) },
    { claim: '… and a model that starts so learns worse', setup: 'one peer, 200 steps from the average beside 200 from a genesis', measured: `${shownDifference(loses)} nats`, verdict: isAtMost({ ...loses, mean: -loses.mean }, 0) },
    { claim: '… and rescaling each tensor repairs it', setup: 'the same from the rescaled average, beside the plain one', measured: `${(100 * back.mean).toFixed(1)} % of the variance is back; ${shownDifference(gains)} nats`, verdict: isAtMost(gains, 0) }
  ]
}

function sparseGradients (ours: LabRow, theirs: LabRow): Finding {
  const { sentence, verdict } = asGood(ours, theirs)
  const ratio = estimate(pairsOf(ours, theirs).map(([one, other]) => sentOf(theirs, other) / sentOf(ours, one))).mean
  return {
    claim: 'DGC: gradients 270 to 600 times smaller without loss of accuracy (arXiv 1712.01887)', setup: 'top 0.1 % with momentum correction, no warm-up of the sparsity; reduce and gather of what the members’ top entries add up to',
    measured: `${ratio.toFixed(0)} times fewer bytes; ${sentence}`, verdict: both(verdict, ratio >= 270 ? 'holds' : 'does not hold')
  }
}

function backup (results: MixedResults): readonly Finding[] {
  const [none, spare] = BACKUP.quorums.map(quorum => `backup-${BACKUP.peers - quorum}`) as [string, string]
  const change = (figure: string): Estimate => estimate(pairedFigures(results, [spare, none], figure).map(([ours, theirs]) => ours / theirs - 1))
  const [faster, excess] = [change('seconds'), change('loss')]
  if (excess.count === 0) return []
  const rested = figuresOver(results, none, 'waitedSeconds')
  return [{
    claim: 'Backup workers: not waiting for the slowest saves time at no loss (arXiv 2102.06280)',
    setup: `simulated, softmax regression, everyone averages, one of ${BACKUP.peers} takes ${BACKUP.slower} times as long a step; rounds end with ${BACKUP.quorums[1]} of ${BACKUP.peers}, or with all; at most ${100 * AS_GOOD} % worse`,
    measured: `${shownShare(faster)} in time, ${shownShare(excess)} in loss; without them the fast rest ${rested.mean.toFixed(1)} s of their run`,
    verdict: both(isAtMost(faster, 0), isAtMost(excess, AS_GOOD))
  }]
}
