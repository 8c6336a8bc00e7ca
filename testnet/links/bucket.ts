/** One direction of a peer's line: bytes leave one after the other at its rate, whoever sent them. A token bucket that holds nothing in reserve. */
export class Bucket {
  bytesPerSecond: number
  #freeMs = 0

  constructor (bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond
  }

  /** When bytes that are ready at a moment will be through, after everything that was reserved before. */
  reserve (readyMs: number, bytes: number): number {
    this.#freeMs = Math.max(this.#freeMs, readyMs) + 1000 * bytes / this.bytesPerSecond
    return this.#freeMs
  }
}
