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
  #columns = 0
  #open = false
  readonly #restore = (): void => { this.close() }

  constructor (terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Shows `lines`; lines beyond the terminal's height are left out from the end. */
  draw (lines: readonly string[]): void {
    this.#begin()
    const fitting = lines.slice(0, Math.max(1, this.#terminal.rows - 1))
    // A terminal that was resized has wrapped what it showed: start over below it.
    const previous = this.#columns === this.#terminal.columns ? this.#shown : []
    const changes = fitting.map((line, index) => line === previous[index] ? '\n' : `\r${line}${CLEAR_TO_END_OF_LINE}\n`).join('')
    this.#terminal.write(`${BEGIN_FRAME}${up(previous.length)}\r${changes}${fitting.length < previous.length ? CLEAR_BELOW : ''}${END_FRAME}`)
    this.#shown = [...fitting]
    this.#columns = this.#terminal.columns
  }

  /** Prints lines that stay, above the block. */
  print (lines: readonly string[]): void {
    const block = this.#shown
    this.#terminal.write(`${up(block.length)}\r${CLEAR_BELOW}${lines.map(line => `${line}\n`).join('')}`)
    this.#shown = []
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
