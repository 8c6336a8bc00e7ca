import { nearest } from './courses.ts'
import type { Point } from './courses.ts'
import { dataTable, drawn, element } from './elements.ts'
import { niceTicks, rangeOf, short } from './numbers.ts'

export interface Line {
  readonly name: string
  /** A class of the style sheet: `s0` … `s7`, `s-mean`. */
  readonly colour: string
  readonly points: readonly Point[]
  readonly isStrong?: boolean
  readonly isGone?: boolean
}

export interface ChartData {
  readonly lines: readonly Line[]
  /** Levels to compare with, such as gzip's. */
  readonly references?: ReadonlyArray<{ readonly name: string, readonly y: number }>
}

export interface ChartOptions {
  /** What the drawing shows, for those who hear it. */
  readonly label: string
  readonly xName: string
  readonly yName: string
  readonly size: 'low' | 'high'
  readonly fromZero?: boolean
  readonly formatY?: (value: number) => string
  readonly whenEmpty: string
}

const MARGIN = { left: 46, right: 12, top: 12, bottom: 24 }
const MINIMUM_WIDTH_PX = 220
/** As the style sheet says; a card in a row with a taller one grows. */
const LEAST_HEIGHT_PX = { low: 190, high: 320 }
/** Half of the last label of x, which also says what x is. */
const LAST_LABEL_PX = 40
/** Rows of the table: the newest ones. */
const TABLE_ROWS = 50

interface Frame {
  readonly width: number
  readonly height: number
  readonly placeX: (x: number) => number
  readonly placeY: (y: number) => number
  readonly lowX: number
  readonly highX: number
}

/** Lines over steps, with a crosshair for pointer and arrow keys, a legend, and a table of the same numbers. */
export class LineChart {
  readonly #options: ChartOptions
  readonly #figure: HTMLElement
  readonly #legend = element('ul', { class: 'legend' })
  readonly #tip = element('div', { class: 'tip', role: 'status' })
  readonly #table: ReturnType<typeof dataTable>
  #data: ChartData = { lines: [] }
  #frame: Frame | undefined
  #cross: SVGLineElement | undefined
  /** Where the crosshair stands, as a value of x. */
  #at: number | undefined

  constructor (parent: HTMLElement, options: ChartOptions) {
    this.#options = options
    this.#figure = element('figure', { class: `chart ${options.size}`, tabindex: '0', role: 'img', 'aria-label': options.label })
    this.#tip.hidden = true
    this.#table = dataTable('Numbers', [options.xName, ...['line', options.yName]], () => this.#rows())
    parent.append(this.#figure, this.#legend, this.#table.root)
    new ResizeObserver(() => { this.#draw() }).observe(this.#figure)
    this.#figure.addEventListener('pointermove', event => { this.#point(event.clientX) })
    this.#figure.addEventListener('pointerleave', () => { this.#leave() })
    this.#figure.addEventListener('blur', () => { this.#leave() })
    this.#figure.addEventListener('keydown', event => { this.#press(event) })
  }

  update (data: ChartData): void {
    this.#data = data
    this.#draw()
    this.#table.update()
  }

  #draw (): void {
    const { lines, references = [] } = this.#data
    const points = lines.flatMap(line => line.points)
    this.#legend.replaceChildren(...lines.length < 2 ? [] : lines.map(legendEntry))
    if (points.length === 0) {
      this.#frame = undefined
      this.#figure.replaceChildren(element('div', { class: 'empty' }, this.#options.whenEmpty))
      return
    }
    const width = Math.max(MINIMUM_WIDTH_PX, this.#figure.clientWidth)
    const { size, fromZero = false } = this.#options
    const height = Math.max(LEAST_HEIGHT_PX[size], this.#figure.clientHeight)
    const [lowX, highX] = rangeOf(points.map(point => point.x))
    const [lowY, highY] = rangeOf([...points.map(point => point.y), ...references.map(reference => reference.y)], fromZero)
    const placeX = (x: number): number => MARGIN.left + (x - lowX) / (highX - lowX) * (width - MARGIN.left - MARGIN.right)
    const placeY = (y: number): number => height - MARGIN.bottom - (y - lowY) / (highY - lowY) * (height - MARGIN.top - MARGIN.bottom)
    this.#frame = { width, height, placeX, placeY, lowX, highX }
    this.#cross = drawn('line', { class: 'cross', y1: MARGIN.top, y2: height - MARGIN.bottom, visibility: 'hidden' })
    this.#figure.replaceChildren(drawn('svg', { height: height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
      ...this.#axes(this.#frame, niceTicks(lowY, highY, height / 48), niceTicks(lowX, highX, width / 90)),
      ...references.flatMap(({ name, y }) => [
        drawn('line', { class: 'reference', x1: MARGIN.left, x2: width - MARGIN.right, y1: placeY(y), y2: placeY(y) }),
        drawn('text', { x: MARGIN.left + 6, y: placeY(y) - 5 }, name)
      ]),
      ...lines.map(line => pathOf(line, placeX, placeY)), this.#cross), this.#tip)
    this.#show()
  }

  #axes ({ width, height, placeX, placeY }: Frame, ys: readonly number[], xs: readonly number[]): SVGElement[] {
    const { formatY = short, xName } = this.#options
    const bottom = height - MARGIN.bottom
    return [
      ...ys.flatMap(y => [
        drawn('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: placeY(y), y2: placeY(y) }),
        drawn('text', { x: MARGIN.left - 8, y: placeY(y) + 4, 'text-anchor': 'end' }, formatY(y))
      ]),
      ...xs.map((x, index) => {
        const isLast = index === xs.length - 1
        const place = isLast && placeX(x) > width - LAST_LABEL_PX ? { x: width, 'text-anchor': 'end' } : { x: placeX(x), 'text-anchor': 'middle' }
        return drawn('text', { ...place, y: bottom + 17 }, isLast ? `${xName} ${short(x)}` : short(x))
      })
    ]
  }

  #point (clientX: number): void {
    if (this.#frame === undefined) return
    const { width, lowX, highX } = this.#frame
    const box = this.#figure.getBoundingClientRect()
    const share = (clientX - box.left - MARGIN.left) / (width - MARGIN.left - MARGIN.right)
    this.#at = lowX + Math.min(1, Math.max(0, share)) * (highX - lowX)
    this.#show()
  }

  /** Arrow keys go from point to point of the first line. */
  #press (event: KeyboardEvent): void {
    const xs = (this.#data.lines.find(line => line.isStrong === true) ?? this.#data.lines[0])?.points.map(point => point.x) ?? []
    const at = this.#at === undefined ? xs.length : xs.findIndex(x => x >= (this.#at ?? 0))
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: xs.length - 1 }[event.key]
    if (event.key === 'Escape') this.#leave()
    if (to === undefined || xs.length === 0) return
    event.preventDefault()
    this.#at = xs[Math.min(xs.length - 1, Math.max(0, to))]
    this.#show()
  }

  #leave (): void {
    this.#at = undefined
    this.#show()
  }

  #show (): void {
    const { formatY = short, xName } = this.#options
    this.#tip.hidden = this.#at === undefined
    this.#cross?.setAttribute('visibility', this.#at === undefined ? 'hidden' : 'visible')
    if (this.#at === undefined || this.#frame === undefined) return
    const { placeX, width } = this.#frame
    const x = placeX(this.#at)
    this.#cross?.setAttribute('x1', String(x))
    this.#cross?.setAttribute('x2', String(x))
    const at = this.#at
    const found = this.#data.lines.flatMap(line => {
      const point = nearest(line.points, at)
      return point === undefined ? [] : [{ name: line.name, point }]
    })
    this.#tip.replaceChildren(element('b', {}, `${xName} ${short(at)}`), ...found.map(({ name, point }) => element('div', {}, `${name}  ${formatY(point.y)}`)))
    this.#tip.style.left = x > width / 2 ? '' : `${x + 10}px`
    this.#tip.style.right = x > width / 2 ? `${width - x + 10}px` : ''
  }

  #rows (): string[][] {
    const { formatY = short } = this.#options
    return this.#data.lines
      .flatMap(({ name, points }) => points.map(({ x, y }) => ({ x, cells: [short(x), name, formatY(y)] })))
      .sort((a, b) => b.x - a.x).slice(0, TABLE_ROWS).map(({ cells }) => cells)
  }
}

function pathOf ({ points, colour, isStrong = false }: Line, placeX: (x: number) => number, placeY: (y: number) => number): SVGElement {
  const [only] = points
  if (only !== undefined && points.length === 1) return drawn('circle', { class: colour, cx: placeX(only.x), cy: placeY(only.y), r: 3 })
  const path = points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${placeX(x).toFixed(1)} ${placeY(y).toFixed(1)}`).join('')
  return drawn('path', { class: `line ${colour}${isStrong ? ' strong' : ''}`, d: path })
}

function legendEntry ({ name, colour, isStrong = false, isGone = false }: Line): HTMLElement {
  const key = drawn('svg', { viewBox: '0 0 18 8', 'aria-hidden': 'true' }, drawn('line', { class: colour, x1: 0, x2: 18, y1: 4, y2: 4, 'stroke-width': isStrong ? 3.5 : 2 }))
  return element('li', isGone ? { class: 'gone' } : {}, key, name)
}
