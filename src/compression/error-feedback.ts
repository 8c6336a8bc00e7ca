import { ShoalError } from '../errors.ts'
import type { Codec } from './codec.ts'
import { createCodec } from './codec.ts'

/** What error feedback remembers of one fragment, for checkpoints. */
export interface ErrorFeedbackState {
  readonly codec: string
  readonly decay: number
  readonly residual: Float32Array
}

/**
 * Error feedback around a lossy codec, for deltas that every receiver adds to the same base (groups that share a reference, SparseLoCo):
 *
 *     a ← β·e + x ;  send Q(a) ;  e ← a − Q(a)
 *
 * What a message leaves out is sent later: with β = 1 everything that was ever put in is either sent or still in the residual. In pair gossip of weights
 * each receiver sees one message only, so nothing that is held back ever reaches it: use the mean-exact form there.
 */
export class ErrorFeedback {
  readonly codec: Codec
  readonly decay: number
  readonly #residual: Float32Array

  /**
   * @param length of the fragment
   * @param decay β in [0, 1]; the codec is left alone at 0
   * @param state what {@link exportState} gave
   * @throws ShoalError CODEC_SPEC for a lossless codec, CHECKPOINT_INCOMPATIBLE when the state is of another codec, decay or length
   */
  constructor (spec: string, length: number, decay: number, state?: ErrorFeedbackState) {
    if (!(decay >= 0 && decay <= 1)) throw new RangeError(`the decay is ${decay}, not in [0, 1]`)
    this.codec = createCodec(spec)
    if (this.codec.lossless) throw nothingToFeedBack(this.codec.spec)
    this.decay = decay
    if (state !== undefined) refuseOther(state, this.codec.spec, decay, length)
    this.#residual = state === undefined ? new Float32Array(length) : state.residual.slice()
  }

  /** Root mean square of what is still to be sent. */
  get residualSize (): number {
    return Math.sqrt(this.#residual.reduce((sum, value) => sum + value * value, 0) / Math.max(1, this.#residual.length))
  }

  /**
   * Encodes what is due and remembers what the encoding leaves out.
   *
   * @returns the bytes written to `output`
   * @throws ShoalError CODEC_CORRUPT when a value is not finite, RangeError when `output` is too short: then nothing has changed
   */
  encode (values: Float32Array, output: Uint8Array, seed?: number): number {
    const due = this.#residual.map((held, index) => this.decay * held + (values[index] as number))
    const bytes = this.codec.encode(due, output, seed)
    this.codec.decodeAccumulate(output.subarray(0, bytes), -1, due)
    this.#residual.set(due)
    return bytes
  }

  exportState (): ErrorFeedbackState {
    return { codec: this.codec.spec, decay: this.decay, residual: this.#residual.slice() }
  }
}

function nothingToFeedBack (spec: string): ShoalError {
  return new ShoalError({
    code: 'CODEC_SPEC',
    what: `Error feedback around "${spec}" has nothing to do`,
    why: 'a lossless codec leaves nothing out',
    tryThis: 'Leave the error feedback away, or choose a lossy codec such as topk(0.01) | int2 | rans.'
  })
}

function refuseOther (state: ErrorFeedbackState, codec: string, decay: number, length: number): void {
  const isSame = state.codec === codec && state.decay === decay && state.residual.length === length
  if (isSame && state.residual.every(Number.isFinite)) return
  throw new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE',
    what: 'The checkpoint’s error feedback does not fit',
    why: isSame ? 'it holds values that are not finite' : `it is of ${state.codec}, decay ${state.decay}, ${state.residual.length} values; expected ${codec}, ${decay}, ${length}`,
    tryThis: 'Resume with the codec that the checkpoint was written with.'
  })
}
