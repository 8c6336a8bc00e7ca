/** A screen has this much room, between the line of tabs and the line of keys. */
export interface Pane {
  readonly columns: number
  readonly rows: number
}

/** A table's head stays, the rest moves: the newest lines at first, older ones as they are scrolled to. */
export function scrolledLines<Line> (lines: readonly Line[], scroll: number, rows: number, end: 'top' | 'bottom'): Line[] {
  const most = Math.max(0, lines.length - rows)
  const moved = Math.min(scroll, most)
  const start = end === 'bottom' ? most - moved : moved
  return lines.slice(start, start + rows)
}
