import { createHash } from 'node:crypto'

/** Lines are hashed so many at a time. */
const HASHED_TOGETHER = 1000

/** What happened, line by line, and the hash of all of it; the lines themselves are kept on request. */
export class EventLog {
  readonly lines: string[] = []
  readonly #isKept: boolean
  readonly #hash = createHash('sha256')
  readonly #waiting: string[] = []
  #isFirst = true

  constructor (isKept: boolean) {
    this.#isKept = isKept
  }

  add (line: string): void {
    if (this.#isKept) this.lines.push(line)
    this.#waiting.push(line)
    if (this.#waiting.length >= HASHED_TOGETHER) this.#flush()
  }

  /** SHA-256 of the lines so far, joined by line feeds. */
  hash (): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  #flush (): void {
    if (this.#waiting.length === 0) return
    this.#hash.update(`${this.#isFirst ? '' : '\n'}${this.#waiting.splice(0).join('\n')}`)
    this.#isFirst = false
  }
}
