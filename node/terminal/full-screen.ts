import type { Terminal } from './frame.ts'

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[2J'
const LEAVE = '\u001b[0m\u001b[?25h\u001b[?1049l'
/** Terminals that know synchronized output show a frame at once; others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h'
const END_FRAME = '\u001b[?2026l'
const CLEAR_LINE_END = '\u001b[0m\u001b[K'

const moveTo = (row: number): string => `\u001b[${row + 1};1H`

/**
 * The terminal's second screen: what stood on the first one is back when it is left, and it is left however the process ends: by itself, by a
 * signal that somebody handles, by an exception that nobody does.
 */
export class FullScreen {
  readonly #terminal: Terminal
  #shown: readonly string[] = []
  #size = ''
  #isOpen = false
  readonly #leave = (): void => { this.close() }

  constructor (terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Shows these lines from the top, writing only those that changed; each has to fit. */
  draw (lines: readonly string[]): void {
    this.#open()
    const { columns, rows } = this.#terminal
    const size = `${columns}×${rows}`
    // A terminal that was resized has moved what it showed.
    const previous = this.#size === size ? this.#shown : []
    const shown = lines.slice(0, rows)
    const clear = this.#size === size ? '' : '\u001b[2J'
    const changes = Array.from({ length: Math.max(shown.length, previous.length) }, (_, row) => row)
      .filter(row => shown[row] !== previous[row])
      .map(row => `${moveTo(row)}${shown[row] ?? ''}${CLEAR_LINE_END}`)
    if (changes.length > 0 || clear !== '') this.#terminal.write(`${BEGIN_FRAME}${clear}${changes.join('')}${END_FRAME}`)
    this.#shown = shown
    this.#size = size
  }

  /** Gives the first screen and the cursor back. Idempotent. */
  close (): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.#leave)
    this.#terminal.write(LEAVE)
  }

  #open (): void {
    if (this.#isOpen) return
    this.#isOpen = true
    // An exception that nobody catches ends the process by way of this too.
    process.on('exit', this.#leave)
    this.#terminal.write(ENTER)
  }
}
