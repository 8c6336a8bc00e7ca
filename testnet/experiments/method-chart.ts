import { COLOURS, escapeText, linearScale, logarithmicScale, shortNumber } from '../report/line-chart.ts'
import type { ChartPoint, Scale } from '../report/line-chart.ts'

/** A method's way through the plot; a single point is one that stands for itself. */
export interface MethodSeries {
  readonly name: string
  /** Methods keep their colour and mark over all plots: their place in the table. */
  readonly place: number
  readonly points: readonly ChartPoint[]
}

export interface MethodChart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly series: readonly MethodSeries[]
  /** The Pareto front, from left to right. */
  readonly front?: readonly ChartPoint[]
}

interface Box { readonly left: number, readonly top: number, readonly right: number, readonly bottom: number }

const [WIDTH, HEIGHT] = [960, 560]
const MARGIN = { left: 64, top: 44, bottom: 52 }
/** Where the plot ends: names stand behind curves, but beside points. */
const RIGHT_OF_CURVES = WIDTH - 190
const RIGHT_OF_POINTS = WIDTH - 84
const LABEL_HEIGHT = 14
/** Of the font at 11 pixels, on average. */
const CHARACTER_WIDTH = 6
const MARK_RADIUS = 4
/** Losses further above the middle one than this many times its distance from the lowest are not what a plot is for. */
const OUTLIER = 2.5
/** How far up or down a label may stand from its point. */
const LABEL_SHIFTS = [0, -9, 9, -18, 18, -27, 27, -38, 38]

/** Draws methods over a logarithmic axis, with 95 % intervals as bars: names stand at the right end, or beside points that stand for themselves. */
export function methodChartSvg (chart: MethodChart): string {
  const points = [...chart.series.flatMap(series => series.points), ...chart.front ?? []]
  const isScatter = chart.series.every(series => series.points.length === 1)
  const right = isScatter ? RIGHT_OF_POINTS : RIGHT_OF_CURVES
  const x = logarithmicScale(points.map(point => point.x), MARGIN.left + 12, right - 12)
  const y = linearScale(shownLosses(points), HEIGHT - MARGIN.bottom - 8, MARGIN.top + 8)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="24" font-size="15" font-weight="600">${escapeText(chart.title)}</text>`,
    `<clipPath id="plot"><rect x="${MARGIN.left}" y="${MARGIN.top}" width="${right - MARGIN.left}" height="${HEIGHT - MARGIN.bottom - MARGIN.top}"/></clipPath>`,
    ...axes(chart, x, y, right),
    '<g clip-path="url(#plot)">',
    ...frontLine(chart.front ?? [], x, y),
    ...chart.series.flatMap(series => drawSeries(series, x, y)),
    '</g>',
    ...(isScatter ? labelsBeside : labelsAtRight)(chart.series, x, y),
    '</svg>\n'
  ].join('\n')
}

/** One method that diverges, or an interval of few seeds, must not squeeze the others: what is above most of the points is cut off. */
function shownLosses (points: readonly ChartPoint[]): readonly number[] {
  const losses = points.map(({ y }) => y).sort((a, b) => a - b)
  const middle = losses[Math.floor(losses.length / 2)] ?? 0
  const [lowest = 0] = losses
  return losses.filter(loss => loss <= middle + OUTLIER * (middle - lowest))
}

function axes ({ xLabel, yLabel }: MethodChart, x: Scale, y: Scale, right: number): string[] {
  const bottom = HEIGHT - MARGIN.bottom
  return [
    ...x.ticks.flatMap(tick => {
      const at = x.place(tick).toFixed(1)
      return [`<line x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${bottom}" stroke="#e8e8e8"/>`, `<text x="${at}" y="${bottom + 18}" text-anchor="middle">${shortNumber(tick)}</text>`]
    }),
    ...y.ticks.flatMap(tick => {
      const at = y.place(tick).toFixed(1)
      return [`<line x1="${MARGIN.left}" x2="${right}" y1="${at}" y2="${at}" stroke="#e8e8e8"/>`, `<text x="${MARGIN.left - 8}" y="${(y.place(tick) + 4).toFixed(1)}" text-anchor="end">${shortNumber(tick)}</text>`]
    }),
    `<text x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escapeText(xLabel)}</text>`,
    `<text transform="translate(16 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(yLabel)}</text>`
  ]
}

/** A staircase: between two members of the front nothing better is known than the cheaper one. */
function frontLine (front: readonly ChartPoint[], x: Scale, y: Scale): string[] {
  if (front.length === 0) return []
  const corners = front.flatMap((point, index) => {
    const before = front[index - 1]
    const at = `${x.place(point.x).toFixed(1)},${y.place(point.y).toFixed(1)}`
    return before === undefined ? [at] : [`${x.place(point.x).toFixed(1)},${y.place(before.y).toFixed(1)}`, at]
  })
  return [`<polyline points="${corners.join(' ')}" fill="none" stroke="#000000" stroke-width="5" stroke-linejoin="round" opacity="0.15"/>`]
}

function drawSeries ({ points, place }: MethodSeries, x: Scale, y: Scale): string[] {
  const colour = colourOf(place)
  const dash = place >= COLOURS.length ? ' stroke-dasharray="5 3"' : ''
  const path = points.map(point => `${x.place(point.x).toFixed(1)},${y.place(point.y).toFixed(1)}`).join(' ')
  return [
    ...points.length > 1 ? [`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.6"${dash}/>`] : [],
    ...points.flatMap(point => [...interval(point, colour, x, y), mark(place, x.place(point.x), y.place(point.y))])
  ]
}

function interval ({ x: at, y: loss, margin = 0 }: ChartPoint, colour: string, x: Scale, y: Scale): string[] {
  if (margin === 0) return []
  const place = x.place(at).toFixed(1)
  return [`<line x1="${place}" x2="${place}" y1="${y.place(loss - margin).toFixed(1)}" y2="${y.place(loss + margin).toFixed(1)}" stroke="${colour}" stroke-width="1.2" opacity="0.55"/>`]
}

/** Full circles for the first methods, squares for those whose colour comes round again. */
function mark (place: number, x: number, y: number): string {
  const colour = colourOf(place)
  return place < COLOURS.length
    ? `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${MARK_RADIUS}" fill="${colour}"/>`
    : `<rect x="${(x - MARK_RADIUS).toFixed(1)}" y="${(y - MARK_RADIUS).toFixed(1)}" width="${2 * MARK_RADIUS}" height="${2 * MARK_RADIUS}" fill="#ffffff" stroke="${colour}" stroke-width="2"/>`
}

function colourOf (place: number): string {
  return COLOURS[place % COLOURS.length] ?? '#000000'
}

/** In order of where the curves end, pushed apart so that none covers another. */
function labelsAtRight (series: readonly MethodSeries[], x: Scale, y: Scale): string[] {
  const ends = series.flatMap(({ name, place, points }) => {
    const last = points.at(-1)
    return last === undefined ? [] : [{ name, place, fromX: x.place(last.x), fromY: y.place(last.y) }]
  }).sort((a, b) => a.fromY - b.fromY)
  let lowest = MARGIN.top
  const overflow = Math.max(0, MARGIN.top + ends.length * LABEL_HEIGHT - (HEIGHT - MARGIN.bottom))
  return ends.flatMap(({ name, place, fromX, fromY }, index) => {
    const room = HEIGHT - MARGIN.bottom + overflow - (ends.length - index) * LABEL_HEIGHT
    lowest = Math.max(lowest + LABEL_HEIGHT, Math.min(fromY, room))
    const labelX = RIGHT_OF_CURVES + 8
    return [
      `<line x1="${(fromX + MARK_RADIUS).toFixed(1)}" y1="${fromY.toFixed(1)}" x2="${labelX - 2}" y2="${lowest.toFixed(1)}" stroke="${colourOf(place)}" stroke-width="0.7" opacity="0.5"/>`,
      mark(place, labelX + 5, lowest),
      `<text x="${labelX + 14}" y="${(lowest + 4).toFixed(1)}" font-size="12">${escapeText(name)}</text>`
    ]
  })
}

/** Each beside its point, on the first side where it covers no other label or mark. */
function labelsBeside (series: readonly MethodSeries[], x: Scale, y: Scale): string[] {
  const marks = series.flatMap(({ points: [point] }) => point === undefined ? [] : [around(x.place(point.x), y.place(point.y), MARK_RADIUS + 1, MARK_RADIUS + 1)])
  const taken: Box[] = [...marks]
  return series.flatMap(({ name, points: [point] }) => {
    if (point === undefined) return []
    const width = name.length * CHARACTER_WIDTH
    const [px, py] = [x.place(point.x), y.place(point.y)]
    const boxAt = (left: number, down: number): Box => ({ left, right: left + width, top: py + down - LABEL_HEIGHT / 2, bottom: py + down + LABEL_HEIGHT / 2 })
    const [rightOf, leftOf] = [px + MARK_RADIUS + 4, px - MARK_RADIUS - 4 - width]
    const places = [rightOf, leftOf].flatMap(left => LABEL_SHIFTS.map(down => boxAt(left, down)))
    const isFree = (box: Box): boolean => box.left >= MARGIN.left && box.right <= WIDTH - 4 && taken.every(other => !overlap(box, other))
    const free = places.find(isFree) ?? boxAt(rightOf, 0)
    taken.push(free)
    return [`<text x="${free.left.toFixed(1)}" y="${(free.bottom - 3).toFixed(1)}" font-size="11">${escapeText(name)}</text>`]
  })
}

function around (x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight }
}

function overlap (one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
}
