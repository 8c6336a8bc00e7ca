/** Counts the tokens, time and loss of the inner steps between two syncs. */
export class StretchMeter {
  /** Nats per token, mean over the last stretch; NaN before the first. */
  loss = NaN
  tokensPerSecond = 0
  /** By fragment: tokens since its last sync, or since the contribution under way was taken. */
  readonly #tokens: number[]
  /** Steps before this life of the peer whose tokens nobody told. */
  #untoldSteps: number
  #fromStep = 0
  #fromMs = 0

  /**
   * @param tokens by fragment, since its last sync, as far as they were told; one number alone is that of all
   * @param stepsSince the last sync
   */
  constructor (fragments: number, tokens: readonly number[], stepsSince: number) {
    this.#tokens = Array.from({ length: fragments }, (_, fragment) => (tokens.length === 1 ? tokens[0] : tokens[fragment]) ?? 0)
    this.#untoldSteps = this.#tokens.some(told => told > 0) ? 0 : stepsSince
  }

  /** A copy, by fragment, for a checkpoint. */
  get tokens (): readonly number[] {
    return [...this.#tokens]
  }

  /** Tokens since a fragment's last sync; the others weigh our contribution by them. */
  tokensOf (fragment: number): number {
    return this.#tokens[fragment] ?? 0
  }

  begin (step: number, nowMs: number): void {
    this.#fromStep = step
    this.#fromMs = nowMs
  }

  /** A stretch that was resumed in the middle counts its earlier steps at the rate of the later ones: a trainer that is stopped does not tell its tokens. */
  end (reached: { readonly step: number, readonly tokens: number, readonly meanLoss: number }, nowMs: number): void {
    const taken = Math.max(1, reached.step - this.#fromStep)
    const gained = Math.round(reached.tokens * (taken + this.#untoldSteps) / taken)
    this.#untoldSteps = 0
    this.#tokens.forEach((tokens, fragment) => { this.#tokens[fragment] = tokens + gained })
    this.loss = reached.meanLoss
    this.tokensPerSecond = nowMs > this.#fromMs ? 1000 * reached.tokens / (nowMs - this.#fromMs) : 0
  }

  /** A fragment was synced with a contribution that stood for so many tokens. */
  synced (fragment: number, tokens: number): void {
    this.#tokens[fragment] = Math.max(0, this.tokensOf(fragment) - tokens)
  }
}
