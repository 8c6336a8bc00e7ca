/** A set of callbacks; one that throws does not keep the others from being called. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #listeners = new Set<(...values: Arguments) => void>()
  readonly #onFault: (error: unknown) => void

  constructor (onFault: (error: unknown) => void = error => { queueMicrotask(() => { throw error }) }) { this.#onFault = onFault }

  /** Returns the function that removes the listener. */
  add (listener: (...values: Arguments) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  tell (...values: Arguments): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...values)
      } catch (error) {
        this.#onFault(error)
      }
    }
  }
}
