/** A payload that fits into the socket's buffers says nothing about the link behind them. */
const SMALLEST_TELLING_BYTES = 256 * 1024
/** Share of the newest measurement: links change within minutes, single payloads meet other traffic. */
const NEWEST_SHARE = 0.3

/** What this peer's uplink carries when a payload keeps it busy. */
export class UploadGauge {
  #bytesPerSecond: number | undefined

  /** Undefined before the first payload that was large enough to tell. */
  get bytesPerSecond (): number | undefined { return this.#bytesPerSecond }

  /** A payload that the stream took whole. */
  sent (bytes: number, elapsedMs: number): void {
    if (bytes < SMALLEST_TELLING_BYTES || elapsedMs <= 0) return
    const measured = 1000 * bytes / elapsedMs
    this.#bytesPerSecond = this.#bytesPerSecond === undefined ? measured : this.#bytesPerSecond + NEWEST_SHARE * (measured - this.#bytesPerSecond)
  }
}
