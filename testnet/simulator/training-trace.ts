import { recordedEvents } from '../../node/recording/event-files.ts'
import { findRecordings } from '../../node/recording/find-recording.ts'
import type { StampedEvent } from '../../src/events.ts'
import { unplayable } from './unplayable.ts'

/** Steps that were told of together. */
interface Piece {
  readonly untilStep: number
  readonly stepMs: number
  readonly tokensPerStep: number
  /** Nats per token, as of its end. */
  readonly loss: number
}

/** What a real peer's steps took, and what came of them. */
export class TrainingTrace {
  readonly name: string
  readonly #pieces: readonly Piece[]

  /** @param pieces in order, from step 0 on; at least one */
  constructor (name: string, pieces: readonly Piece[]) {
    this.name = name
    this.#pieces = pieces
  }

  get steps (): number { return this.#pieces.at(-1)?.untilStep ?? 0 }

  get firstLoss (): number { return this.#pieces[0]?.loss ?? NaN }

  /** Of the steps from one to another. */
  between (fromStep: number, untilStep: number): { readonly durationMs: number, readonly tokens: number, readonly meanLoss: number } {
    let [start, durationMs, tokens, losses] = [0, 0, 0, 0]
    for (const { untilStep: end, stepMs, tokensPerStep, loss } of this.#pieces) {
      const steps = Math.max(0, Math.min(end, untilStep) - Math.max(start, fromStep))
      durationMs += steps * stepMs
      tokens += steps * tokensPerStep
      losses += steps * loss
      start = end
    }
    return { durationMs, tokens: Math.round(tokens), meanLoss: losses / (untilStep - fromStep) }
  }
}

/**
 * What each peer's recording says of its steps, from the folder of one or of a testnet.
 *
 * @throws ShoalError USAGE where nothing is recorded there, or no step that began at the run's beginning
 */
export async function loadTraces (folder: string): Promise<readonly TrainingTrace[]> {
  const traces: TrainingTrace[] = []
  for (const recording of findRecordings(folder)) {
    const pieces = await piecesOf(recordedEvents(recording.folder))
    if (pieces.length > 0) traces.push(new TrainingTrace(recording.name, pieces))
  }
  if (traces.length === 0) throw unplayable(`the training recorded in ${folder} cannot be replayed`, 'no peer told of a step there, from the run’s first one on')
  return traces
}

/** A peer tells its step, its loss and its speed at most once a second; between two tellings all steps are taken as alike. Told again after a crash, the earlier telling counts. */
async function piecesOf (events: AsyncIterable<StampedEvent>): Promise<readonly Piece[]> {
  const pieces: Piece[] = []
  let [step, tokens] = [0, 0]
  for await (const event of events) {
    if (event.type === 'started' && event.step > step) return pieces
    if (event.type !== 'progress' || event.step <= step || !(event.tokensPerSecond > 0) || !Number.isFinite(event.loss)) continue
    const tokensPerStep = (event.tokens - tokens) / (event.step - step)
    if (!(tokensPerStep > 0)) continue
    pieces.push({ untilStep: event.step, stepMs: 1000 * tokensPerStep / event.tokensPerSecond, tokensPerStep, loss: event.loss })
    step = event.step
    tokens = event.tokens
  }
  return pieces
}
