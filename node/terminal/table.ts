export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/** A table without borders: columns as wide as their widest cell, numbers to the right. */
export function table (columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): string[] {
  const cells = [columns.map(column => column.title), ...rows]
  const widths = columns.map((_, index) => Math.max(...cells.map(row => displayWidth(row[index] ?? ''))))
  return cells.map(row => columns.map((column, index) => pad(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left')).join(GAP).trimEnd())
}

/** Fits a line into `width` columns, ending in an ellipsis when something was cut. */
export function clip (text: string, width: number): string {
  const letters = Array.from(text)
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`
}

export function pad (text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'right' ? space + text : text + space
}

function displayWidth (text: string): number {
  return Array.from(text).length
}
