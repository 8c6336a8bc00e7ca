/** What the renderer needs of a terminal; `process.stdout` is one. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  write (text: string): unknown
}

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
/** Terminals that know synchronized output show a frame at once; others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h'
const END_FRAME = '\u001b[?2026l'
const CLEAR_TO_END_OF_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

const up = (lines: number): string => lines > 0 ? `\u001b[${lines}A` : ''

/** Redraws a block of lines in place, writing only those that changed. Restores the cursor however the process ends. */
export class FrameRenderer {
  readonly #terminal: Terminal
  #shown: string[] = []
  #shownRows = 0
  #columns = 0
  #open = false
  readonly #restore = (): void => { this.close() }

  constructor (terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Shows `lines`; lines beyond the terminal's height are left out from the end. */
  draw (lines: readonly string[]): void {
    this.#begin()
    const { columns, rows } = this.#terminal
    const fitting = fit(lines, columns, rows - 1)
    // A terminal that was resized has wrapped what it showed: start over below it.
    const previous = this.#columns === columns ? this.#shown : []
    // Lines are skipped only as far as they lie where they lay before.
    const moved = fitting.findIndex((line, index) => rowsOf(line, columns) !== rowsOf(previous[index] ?? '', columns))
    const changes = fitting.map((line, index) => line === previous[index] && (moved === -1 || index < moved)
      ? '\n'.repeat(rowsOf(line, columns))
      : `\r${line}${CLEAR_TO_END_OF_LINE}\n`).join('')
    const back = previous.length === 0 ? '' : up(this.#shownRows)
    this.#terminal.write(`${BEGIN_FRAME}${back}\r${changes}${CLEAR_BELOW}${END_FRAME}`)
    this.#shown = [...fitting]
    this.#shownRows = fitting.reduce((sum, line) => sum + rowsOf(line, columns), 0)
    this.#columns = columns
  }

  /** Prints lines that stay, above the block. */
  print (lines: readonly string[]): void {
    const block = this.#shown
    this.#terminal.write(`${up(this.#shownRows)}\r${CLEAR_BELOW}${lines.map(line => `${line}\n`).join('')}`)
    this.#shown = []
    this.#shownRows = 0
    if (block.length > 0) this.draw(block)
  }

  /** Leaves the last frame where it is and gives the cursor back. Idempotent. */
  close (): void {
    if (!this.#open) return
    this.#open = false
    process.off('exit', this.#restore)
    this.#terminal.write(SHOW_CURSOR)
  }

  #begin (): void {
    if (this.#open) return
    this.#open = true
    process.on('exit', this.#restore)
    this.#terminal.write(HIDE_CURSOR)
  }
}

const ESCAPE_SEQUENCES = /\u001b\[[0-9;?]*[A-Za-z]/g

/** Rows that a line takes on the terminal: a long one wraps. */
function rowsOf (line: string, columns: number): number {
  const letters = Array.from(line.replace(ESCAPE_SEQUENCES, '')).length
  return Math.max(1, Math.ceil(letters / Math.max(1, columns)))
}

function fit (lines: readonly string[], columns: number, rows: number): string[] {
  const fitting: string[] = []
  let used = 0
  for (const line of lines) {
    used += rowsOf(line, columns)
    if (used > Math.max(1, rows)) break
    fitting.push(line)
  }
  return fitting
}
