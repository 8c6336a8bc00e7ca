/** Counts the tokens, time and loss of the inner steps between two syncs. */
export class StretchMeter {
  /** Tokens since the last sync; a partner weighs our contribution by them. */
  tokens: number
  /** Nats per token, mean over the last stretch; NaN before the first. */
  loss = NaN
  tokensPerSecond = 0
  #fromStep = 0
  #fromMs = 0

  constructor (tokens: number) {
    this.tokens = tokens
  }

  begin (step: number, nowMs: number): void {
    this.#fromStep = step
    this.#fromMs = nowMs
  }

  /** A stretch that was resumed in the middle counts its earlier steps at the rate of the later ones: a trainer that is stopped does not tell its tokens. */
  end (reached: { readonly step: number, readonly tokens: number, readonly meanLoss: number }, syncedStep: number, nowMs: number): void {
    const taken = Math.max(1, reached.step - this.#fromStep)
    this.tokens = Math.round(reached.tokens * Math.max(1, reached.step - syncedStep) / taken)
    this.loss = reached.meanLoss
    this.tokensPerSecond = nowMs > this.#fromMs ? 1000 * reached.tokens / (nowMs - this.#fromMs) : 0
  }
}
