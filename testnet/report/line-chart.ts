export interface ChartPoint {
  readonly x: number
  readonly y: number
  /** Half width of the confidence interval of y, when there is one. */
  readonly margin?: number
}

export interface ChartSeries {
  readonly name: string
  readonly points: readonly ChartPoint[]
}

export interface LineChart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly logarithmicX?: boolean
  readonly logarithmicY?: boolean
  readonly series: readonly ChartSeries[]
}

export interface Scale {
  readonly place: (value: number) => number
  readonly ticks: readonly number[]
}

const WIDTH = 760
const HEIGHT = 440
const MARGIN = { left: 64, right: 24, top: 40, bottom: 52 }
/** The legend stands below in two columns, where long names have room. */
const LEGEND = { columns: 2, rowHeight: 20 }
/** Okabe and Ito's palette: eight colours that colour-blind readers can tell apart. */
export const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#999999']

/** Draws a line chart with confidence bands as a self-contained SVG that reads on light and dark pages. */
export function lineChartSvg (chart: LineChart): string {
  const points = chart.series.flatMap(series => series.points)
  const x = (chart.logarithmicX === true ? logarithmicScale : linearScale)(points.map(point => point.x), MARGIN.left, WIDTH - MARGIN.right)
  const y = (chart.logarithmicY === true ? logarithmicScale : linearScale)(points.flatMap(point => [point.y - (point.margin ?? 0), point.y + (point.margin ?? 0)]), HEIGHT - MARGIN.bottom, MARGIN.top)
  const height = HEIGHT + LEGEND.rowHeight * Math.ceil(chart.series.length / LEGEND.columns)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN.left}" y="22" font-size="15" font-weight="600">${escapeText(chart.title)}</text>`,
    ...xAxis(x, chart.xLabel),
    ...yAxis(y, chart.yLabel),
    ...chart.series.flatMap((series, index) => drawSeries(series, index, x, y)),
    '</svg>\n'
  ].join('\n')
}

function drawSeries (series: ChartSeries, index: number, x: Scale, y: Scale): string[] {
  const colour = COLOURS[index % COLOURS.length] ?? '#000000'
  // a colour that comes again is told by its dashes
  const dashes = index < COLOURS.length ? '' : ` stroke-dasharray="${3 * Math.floor(index / COLOURS.length)} 3"`
  const at = (point: ChartPoint, offset: number): string => `${x.place(point.x).toFixed(1)},${y.place(point.y + offset).toFixed(1)}`
  const stretches = stretchesOf(series.points)
  const band = (points: readonly ChartPoint[]): string => [...points.map(point => at(point, point.margin ?? 0)), ...points.map(point => at(point, -(point.margin ?? 0))).reverse()].join(' ')
  const legendX = MARGIN.left + index % LEGEND.columns * (WIDTH - MARGIN.left) / LEGEND.columns
  const legendY = HEIGHT + 6 + Math.floor(index / LEGEND.columns) * LEGEND.rowHeight
  return [
    ...stretches.filter(points => points.some(({ margin }) => margin !== undefined)).map(points => `<polygon points="${band(points)}" fill="${colour}" opacity="0.15"/>`),
    ...stretches.map(points => `<polyline points="${points.map(point => at(point, 0)).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`),
    `<line x1="${legendX}" x2="${legendX + 20}" y1="${legendY - 4}" y2="${legendY - 4}" stroke="${colour}" stroke-width="3"${dashes}/>`,
    `<text x="${legendX + 26}" y="${legendY}">${escapeText(series.name)}</text>`
  ]
}

/** A line ends where it would go back, as that of a peer which came back to an earlier checkpoint. */
function stretchesOf (points: readonly ChartPoint[]): ReadonlyArray<readonly ChartPoint[]> {
  const stretches: ChartPoint[][] = []
  for (const point of points) {
    const last = stretches.at(-1)
    if (last === undefined || point.x < (last.at(-1)?.x ?? 0)) stretches.push([point])
    else last.push(point)
  }
  return stretches
}

function xAxis (scale: Scale, label: string): string[] {
  const bottom = HEIGHT - MARGIN.bottom
  return [
    ...scale.ticks.flatMap(tick => {
      const x = scale.place(tick).toFixed(1)
      return [
        `<line x1="${x}" x2="${x}" y1="${MARGIN.top}" y2="${bottom}" stroke="#e5e5e5"/>`,
        `<text x="${x}" y="${bottom + 18}" text-anchor="middle">${shortNumber(tick)}</text>`
      ]
    }),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escapeText(label)}</text>`
  ]
}

function yAxis (scale: Scale, label: string): string[] {
  return [
    ...scale.ticks.flatMap(tick => {
      const y = scale.place(tick)
      return [
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#e5e5e5"/>`,
        `<text x="${MARGIN.left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${shortNumber(tick)}</text>`
      ]
    }),
    `<text transform="translate(16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(label)}</text>`
  ]
}

export function linearScale (values: readonly number[], from: number, to: number): Scale {
  const [low, high] = rangeOf(values)
  const step = niceStep((high - low) / 5)
  const first = Math.ceil(low / step)
  const ticks = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step)
  return { ticks, place: value => from + (value - low) / (high - low) * (to - from) }
}

export function logarithmicScale (values: readonly number[], from: number, to: number): Scale {
  const [low, high] = rangeOf(values.filter(value => value > 0).map(Math.log10))
  const ticks: number[] = []
  for (let power = Math.floor(low); power <= high; power++) {
    for (const factor of [1, 2, 5]) {
      const exponent = power + Math.log10(factor)
      if (exponent >= low && exponent <= high) ticks.push(10 ** power * factor)
    }
  }
  return { ticks, place: value => from + (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low) * (to - from) }
}

/** A single value still gets an axis with some length. */
function rangeOf (values: readonly number[]): readonly [number, number] {
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity])
  return high > low + Math.abs(low) * 1e-9 ? [low, high] : [low, low + Math.max(Math.abs(low) * 1e-3, 1e-9)]
}

/** The round number nearest in ratio, so that an axis has four to eight of them. */
function niceStep (raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw))
  const offBy = (factor: number): number => Math.abs(Math.log(factor * power / raw))
  return power * [1, 2, 5, 10].reduce((best, factor) => offBy(factor) < offBy(best) ? factor : best)
}

export function shortNumber (value: number): string {
  const units: ReadonlyArray<readonly [number, string]> = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']]
  for (const [size, unit] of units) if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${unit}`
  return String(Number(value.toPrecision(3)))
}

export function escapeText (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
