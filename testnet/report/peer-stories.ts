import { formatBytes, formatCount, formatNumber, formatSeconds } from '../../node/terminal/units.ts'
import { htmlTable } from './html-page.ts'
import { lineChartSvg } from './line-chart.ts'
import type { ChartSeries, LineChart } from './line-chart.ts'
import type { PeerStory, ToldRound } from './run-story.ts'

/** How many they are, how often they met, and what they sent. */
export function storySummary (stories: readonly PeerStory[]): string {
  const rounds = stories.flatMap(story => story.rounds)
  const averaged = averagedOf(rounds)
  const sent = stories.reduce((sum, story) => sum + sentBy(story), 0)
  const [first, last] = rounds.reduce(([low, high], { atMs }) => [Math.min(low, atMs), Math.max(high, atMs)], [Infinity, -Infinity])
  const seconds = Math.max(0, last - first) / 1000
  return `${stories.length} ${stories.length === 1 ? 'peer' : 'peers'}, ${formatCount(rounds.length)} rounds of which ${formatCount(averaged)} met somebody, ${formatBytes(sent)} sent in ${formatSeconds(seconds)}.`
}

function sentBy (story: PeerStory): number {
  return sentAfterEach(story).at(-1) ?? 0
}

/** Bytes sent by the end of each round. A peer that came back counts from zero, and has sent what it had before. */
function sentAfterEach ({ rounds }: PeerStory): readonly number[] {
  let [earlier, last] = [0, 0]
  return rounds.map(({ sentBytes }) => {
    if (sentBytes < last) earlier += last
    last = sentBytes
    return earlier + last
  })
}

/** A row for each; columns of which nobody has anything are left out. */
export function peerTable (stories: readonly PeerStory[]): string {
  const isJudged = stories.some(({ evaluations }) => evaluations.length > 0)
  const judged = (...cells: readonly string[]): readonly string[] => isJudged ? cells : []
  const rows = stories.map(story => {
    const { name, rounds, evaluations } = story
    const last = rounds.at(-1)?.record
    return [
      name, formatCount(last?.step ?? 0), formatCount(rounds.length), formatCount(averagedOf(rounds)), formatNumber(last?.loss, 3),
      ...judged(formatNumber(evaluations[0]?.loss, 3), formatNumber(evaluations.at(-1)?.loss, 3)), formatBytes(sentBy(story)), formatSeconds(rounds.reduce((sum, { record }) => sum + record.waitedMs, 0) / 1000)
    ]
  })
  return htmlTable(['peer', 'steps', 'rounds', 'averaged', 'loss', ...judged('held-out before', 'held-out after'), 'sent', 'rested'], rows)
}

/** What losses are measured in, and whether they fall by orders of magnitude. */
export interface LossScale {
  readonly unit: string
  readonly isLogarithmic: boolean
}

export const NATS_A_TOKEN: LossScale = { unit: 'nats a token', isLogarithmic: false }

/** The plots of which at least one peer has a line. */
export function peerFigures (stories: readonly PeerStory[], losses: LossScale): string[] {
  return plotsOf(stories, losses).map(plot => ({ ...plot, series: plot.series.filter(({ points }) => points.length > 1) })).filter(({ series }) => series.length > 0)
    .map(plot => `<figure>${lineChartSvg({ ...plot, xLabel: 'inner steps' })}</figure>`)
}

type Plot = Omit<LineChart, 'xLabel'>

function plotsOf (stories: readonly PeerStory[], { unit, isLogarithmic }: LossScale): readonly Plot[] {
  const ofRounds = (valueOf: (round: ToldRound) => number | null | undefined): ChartSeries[] => stories.map(({ name, rounds }) => ({
    name, points: rounds.flatMap(round => pointOf(round.record.step, valueOf(round)))
  }))
  return [
    { title: 'Training loss', yLabel: unit, logarithmicY: isLogarithmic, series: ofRounds(({ record }) => record.loss) },
    { title: 'Held-out loss', yLabel: unit, series: stories.map(({ name, evaluations }) => ({ name, points: evaluations.flatMap(({ step, loss }) => pointOf(step, loss)) })) },
    { title: 'Consensus distance', yLabel: 'root mean square', series: ofRounds(({ record }) => record.spread) },
    { title: 'Codec error', yLabel: 'share of the norm', series: ofRounds(({ record }) => record.codecError) },
    { title: 'Bytes sent', yLabel: 'bytes', series: stories.map(story => ({ name: story.name, points: sentAfterEach(story).map((y, index) => ({ x: story.rounds[index]?.record.step ?? 0, y })) })) },
    { title: 'Rounds averaged', yLabel: 'rounds so far', series: stories.map(({ name, rounds }) => ({ name, points: averagedAfterEach(rounds).map((y, index) => ({ x: rounds[index]?.record.step ?? 0, y })) })) },
    { title: 'Rest for each round', yLabel: 'seconds', series: ofRounds(({ record }) => record.waitedMs / 1000) }
  ]
}

/** Recordings are JSON, where what was no number is null. */
function pointOf (x: number, y: number | null | undefined): Array<{ readonly x: number, readonly y: number }> {
  return typeof y === 'number' && Number.isFinite(y) ? [{ x, y }] : []
}

function averagedOf (rounds: readonly ToldRound[]): number {
  return averagedAfterEach(rounds).at(-1) ?? 0
}

function averagedAfterEach (rounds: readonly ToldRound[]): readonly number[] {
  let count = 0
  return rounds.map(({ record }) => record.outcome === 'averaged' ? ++count : count)
}
