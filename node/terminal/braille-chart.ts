import { pad } from './table.ts'

export interface ChartLine {
  readonly points: ReadonlyArray<{ readonly x: number, readonly y: number }>
}

export interface ChartSize {
  readonly width: number
  readonly height: number
}

const BLANK = 0x2800
/** Bit of each of a braille letter's 2 × 4 dots, row by row. */
const DOT_BITS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
/** Columns for the numbers of the vertical axis. */
const AXIS_WIDTH = 6

/** Draws lines with braille dots, two by four a letter, with the range of y on the left and of x below. */
export function brailleChart (lines: readonly ChartLine[], size: ChartSize, xLabel: string): string[] {
  const points = lines.flatMap(line => line.points).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))
  const columns = Math.max(1, size.width - AXIS_WIDTH - 1)
  const rows = Math.max(1, size.height - 1)
  if (points.length === 0) return Array.from({ length: size.height }, (_, row) => row === Math.floor(size.height / 2) ? '  no loss yet' : '')
  const x = range(points.map(point => point.x))
  const y = range(points.map(point => point.y))
  const dots = Array.from({ length: rows }, () => new Uint8Array(columns))
  for (const line of lines) plot(dots, line, x, y)
  return [...dots.map((row, index) => `${axisLabel(index, rows, y)}│${letters(row)}`), footer(x, columns, xLabel)]
}

interface Range { readonly low: number, readonly high: number }

function plot (dots: readonly Uint8Array[], line: ChartLine, x: Range, y: Range): void {
  const wide = (dots[0]?.length ?? 1) * 2 - 1
  const high = dots.length * 4 - 1
  let previous: { column: number, row: number } | undefined
  for (const point of line.points) {
    if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) continue
    const here = { column: Math.round(share(point.x, x) * wide), row: Math.round((1 - share(point.y, y)) * high) }
    drawSegment(dots, previous ?? here, here)
    previous = here
  }
}

function drawSegment (dots: readonly Uint8Array[], from: { column: number, row: number }, to: { column: number, row: number }): void {
  const length = Math.max(1, Math.abs(to.column - from.column), Math.abs(to.row - from.row))
  for (let part = 0; part <= length; part++) {
    const column = Math.round(from.column + (to.column - from.column) * part / length)
    const row = Math.round(from.row + (to.row - from.row) * part / length)
    const letterRow = dots[row >> 2]
    if (letterRow === undefined) continue
    letterRow[column >> 1] = (letterRow[column >> 1] ?? 0) | (DOT_BITS[row & 3]?.[column & 1] ?? 0)
  }
}

function letters (row: Uint8Array): string {
  return Array.from(row, bits => bits === 0 ? ' ' : String.fromCharCode(BLANK + bits)).join('')
}

function axisLabel (row: number, rows: number, y: Range): string {
  if (row === 0) return pad(y.high.toFixed(2), AXIS_WIDTH, 'right')
  if (row === rows - 1) return pad(y.low.toFixed(2), AXIS_WIDTH, 'right')
  return ' '.repeat(AXIS_WIDTH)
}

function footer (x: Range, columns: number, label: string): string {
  const ends = `${Math.round(x.low)}`
  return ' '.repeat(AXIS_WIDTH + 1) + ends + pad(`${label} ${Math.round(x.high)}`, columns - ends.length, 'right')
}

function range (values: readonly number[]): Range {
  const low = Math.min(...values)
  const high = Math.max(...values)
  return high > low ? { low, high } : { low: low - 0.5, high: high + 0.5 }
}

function share (value: number, { low, high }: Range): number {
  return (value - low) / (high - low)
}
