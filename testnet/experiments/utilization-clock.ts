import type { StampedEvent } from '../../src/events.ts'

/** One peer's time while it was measured. */
export interface PeerShare {
  readonly name: string
  /** Of the time, computing. */
  readonly share: number
  readonly seconds: number
  readonly steps: number
  readonly rounds: number
  readonly averagedRounds: number
  readonly payloadBytesSent: number
  /** For which its trainer rested at the end of a flight, by its own account. */
  readonly restedSeconds: number
}

/** Rounds in which peers that began a second apart come into step and code gets compiled. */
export const WARM_UP_ROUNDS = 3
/** What is measured: with the preset's two fragments, each is averaged three times. */
export const ROUNDS = 6

interface PeerTime {
  rounds: number
  averagedRounds: number
  payloadBytesSent: number
  restedMs: number
  begin: Moment | undefined
  last: Moment | undefined
}

interface Moment {
  readonly atMs: number
  readonly step: number
  readonly tokens: number
  readonly trainedSeconds: number
}

/**
 * Reads peers' shares of time computing from what they tell: steps times what one takes, over the time that passed, where steps are emulated; where
 * they are real, the time that the trainer measured within its steps. From the first report after the warm-up to the last of the measured rounds.
 */
export class UtilizationClock {
  readonly #peers: number
  readonly #stepMs: number | undefined
  readonly #times = new Map<string, PeerTime>()
  readonly #shares = new Map<string, PeerShare>()
  readonly #over: Promise<readonly PeerShare[]>
  #settle: { readonly resolve: (shares: readonly PeerShare[]) => void, readonly reject: (error: Error) => void } | undefined

  constructor (peers: number, stepMs: number | undefined) {
    this.#peers = peers
    this.#stepMs = stepMs
    this.#over = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    // Who stops listening has another reason.
    this.#over.catch(() => undefined)
  }

  event (name: string, event: StampedEvent): void {
    const time = this.#times.get(name) ?? { rounds: 0, averagedRounds: 0, payloadBytesSent: 0, restedMs: 0, begin: undefined, last: undefined }
    this.#times.set(name, time)
    if (event.type === 'progress') this.#progress(name, time, event)
    else if (event.type === 'round') {
      time.rounds++
      if (time.begin === undefined) return
      if (event.record.outcome === 'averaged') time.averagedRounds++
      time.payloadBytesSent += event.record.payloadBytesSent
      time.restedMs += event.record.waitedMs
    }
  }

  fail (why: string): void {
    this.#settle?.reject(new Error(why))
  }

  /** @throws the signal's reason when it aborts */
  async over (signal: AbortSignal): Promise<readonly PeerShare[]> {
    const abort = (): void => { this.#settle?.reject(signal.reason instanceof Error ? signal.reason : new Error('stopped')) }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try { return await this.#over } finally { signal.removeEventListener('abort', abort) }
  }

  #progress (name: string, time: PeerTime, { atMs, step, tokens, tokensPerSecond }: Extract<StampedEvent, { type: 'progress' }>): void {
    const { last } = time
    time.last = { atMs, step, tokens, trainedSeconds: last === undefined ? 0 : last.trainedSeconds + (tokens - last.tokens) / tokensPerSecond }
    if (time.rounds >= WARM_UP_ROUNDS) time.begin ??= time.last
    if (time.rounds < WARM_UP_ROUNDS + ROUNDS || this.#shares.has(name)) return
    this.#shares.set(name, shareOf(name, time, this.#stepMs))
    if (this.#shares.size === this.#peers) this.#settle?.resolve([...this.#shares.values()].sort((one, other) => one.name < other.name ? -1 : 1))
  }
}

function shareOf (name: string, { begin, last, averagedRounds, payloadBytesSent, restedMs }: PeerTime, stepMs: number | undefined): PeerShare {
  if (begin === undefined || last === undefined) throw new RangeError('nothing was measured')
  const seconds = (last.atMs - begin.atMs) / 1000
  const steps = last.step - begin.step
  const computed = stepMs === undefined ? last.trainedSeconds - begin.trainedSeconds : steps * stepMs / 1000
  return { name, share: computed / seconds, seconds, steps, rounds: ROUNDS, averagedRounds, payloadBytesSent, restedSeconds: restedMs / 1000 }
}
