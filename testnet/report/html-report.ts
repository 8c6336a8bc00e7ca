import { formatBytes, formatCount, formatNumber, formatSeconds } from '../../node/terminal/units.ts'
import { escapeText, lineChartSvg } from './line-chart.ts'
import type { ChartSeries } from './line-chart.ts'
import type { PeerStory } from './run-story.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
  h1 { letter-spacing: -.02em; margin-bottom: .2rem } h2 { margin-top: 2.2rem }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem }
  th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); text-align: right }
  th:first-child, td:first-child { text-align: left }
  figure { margin: 1rem 0 } svg { width: 100%; height: auto; border-radius: 10px; border: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
  .faint { opacity: .7 } li { overflow-wrap: anywhere; font-size: .92rem } summary { cursor: pointer }`

/** So many kinds of warnings of a peer are read at a glance. */
const UNFOLDED = 3

/** A run's report as one HTML file: it needs nothing else, no script and no network. */
export function htmlReport (stories: readonly PeerStory[]): string {
  const started = stories.map(story => story.started).find(event => event !== undefined)
  const title = `Run ${started?.runName ?? 'unknown'}`
  return [
    '<!doctype html>', '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeText(title)} · Shoal</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeText(title)}</h1>`,
    `<p class="faint">${escapeText(started?.runId ?? '')}</p>`,
    `<p>${escapeText(summaryOf(stories))}</p>`,
    peerTable(stories),
    ...charts(stories).filter(({ series }) => series.some(({ points }) => points.length > 1)).map(({ heading, yLabel, series }) =>
      `<figure>${lineChartSvg({ title: heading, xLabel: 'inner steps', yLabel, series: series.filter(({ points }) => points.length > 1) })}</figure>`),
    warningList(stories),
    '</body></html>\n'
  ].join('\n')
}

function summaryOf (stories: readonly PeerStory[]): string {
  const rounds = stories.flatMap(story => story.rounds)
  const averaged = rounds.filter(({ record }) => record.outcome === 'averaged').length
  const sent = stories.reduce((sum, story) => sum + sentBy(story), 0)
  const times = rounds.map(({ atMs }) => atMs)
  const seconds = times.length > 1 ? (Math.max(...times) - Math.min(...times)) / 1000 : 0
  return `${stories.length} ${stories.length === 1 ? 'peer' : 'peers'}, ${formatCount(rounds.length)} rounds of which ${formatCount(averaged)} met somebody, ${formatBytes(sent)} sent in ${formatSeconds(seconds)}.`
}

function sentBy (story: PeerStory): number {
  return sentAfterEach(story).at(-1) ?? 0
}

/** Bytes sent by the end of each round. A peer that came back counts from zero, and has sent what it had before. */
function sentAfterEach ({ rounds }: PeerStory): readonly number[] {
  let [earlier, last] = [0, 0]
  return rounds.map(({ bytes: { wireSent, controlSent } }) => {
    if (wireSent + controlSent < last) earlier += last
    last = wireSent + controlSent
    return earlier + last
  })
}

function peerTable (stories: readonly PeerStory[]): string {
  const head = ['peer', 'steps', 'rounds', 'averaged', 'loss', 'held-out before', 'held-out after', 'sent', 'rested']
  const rows = stories.map(story => {
    const { name, rounds, evaluations } = story
    const last = rounds.at(-1)?.record
    return [
      name, formatCount(last?.step ?? 0), formatCount(rounds.length), formatCount(rounds.filter(({ record }) => record.outcome === 'averaged').length), formatNumber(last?.loss, 3),
      formatNumber(evaluations[0]?.loss, 3), formatNumber(evaluations.at(-1)?.loss, 3), formatBytes(sentBy(story)), formatSeconds(rounds.reduce((sum, { record }) => sum + record.waitedMs, 0) / 1000)
    ]
  })
  const line = (cells: readonly string[], tag: string): string => `<tr>${cells.map(cell => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`
  return `<table><thead>${line(head, 'th')}</thead><tbody>${rows.map(cells => line(cells, 'td')).join('')}</tbody></table>`
}

interface Plot {
  readonly heading: string
  readonly yLabel: string
  readonly series: readonly ChartSeries[]
}

function charts (stories: readonly PeerStory[]): readonly Plot[] {
  const ofRounds = (valueOf: (round: PeerStory['rounds'][number]) => number | null | undefined): ChartSeries[] => stories.map(({ name, rounds }) => ({
    name, points: rounds.flatMap(round => pointOf(round.record.step, valueOf(round)))
  }))
  return [
    { heading: 'Training loss', yLabel: 'nats a token', series: ofRounds(({ record }) => record.loss) },
    { heading: 'Held-out loss', yLabel: 'nats a token', series: stories.map(({ name, evaluations }) => ({ name, points: evaluations.flatMap(({ step, loss }) => pointOf(step, loss)) })) },
    { heading: 'Consensus distance', yLabel: 'root mean square', series: ofRounds(({ record }) => record.spread) },
    { heading: 'Codec error', yLabel: 'share of the norm', series: ofRounds(({ record }) => record.codecError) },
    { heading: 'Bytes sent', yLabel: 'bytes', series: stories.map(story => ({ name: story.name, points: sentAfterEach(story).map((y, index) => ({ x: story.rounds[index]?.record.step ?? 0, y })) })) },
    { heading: 'Rest for each round', yLabel: 'seconds', series: ofRounds(({ record }) => record.waitedMs / 1000) }
  ]
}

/** Recordings are JSON, where what was no number is null. */
function pointOf (x: number, y: number | null | undefined): Array<{ readonly x: number, readonly y: number }> {
  return typeof y === 'number' && Number.isFinite(y) ? [{ x, y }] : []
}

/** Each peer's, folded away where they are many: the same sentence once, with how often it came. */
function warningList (stories: readonly PeerStory[]): string {
  const told = stories.filter(({ warnings }) => warnings.length > 0).map(({ name, warnings }) => {
    const kinds = [...new Set(warnings)]
    const items = kinds.map(kind => `<li>${escapeText(kind)}${timesOf(warnings.filter(sentence => sentence === kind).length)}</li>`)
    return `<details${kinds.length <= UNFOLDED ? ' open' : ''}><summary>${escapeText(name)}: ${warnings.length}</summary><ul>${items.join('')}</ul></details>`
  })
  return told.length === 0 ? '' : `<h2>Warnings</h2>${told.join('')}`
}

function timesOf (count: number): string {
  return count === 1 ? '' : ` <span class="faint">(${count} times)</span>`
}
