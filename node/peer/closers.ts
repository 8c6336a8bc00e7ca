import { reasonOf } from '../../src/errors.ts'

/** What was opened, to be closed in the opposite order, each even when another fails. */
export class Closers {
  readonly #stack: Array<{ readonly name: string, readonly close: () => unknown }> = []

  add (name: string, close: () => unknown): void {
    this.#stack.push({ name, close })
  }

  /** Closes everything; returns what went wrong, in sentences. */
  async closeAll (): Promise<string[]> {
    const failures: string[] = []
    for (let entry = this.#stack.pop(); entry !== undefined; entry = this.#stack.pop()) {
      try {
        await entry.close()
      } catch (error) {
        failures.push(`closing ${entry.name}: ${reasonOf(error)}`)
      }
    }
    return failures
  }
}
