import { badSpec, readStages } from './codec.ts'
import { ModuloReceiver } from './modulo-receiver.ts'
import { ModuloSender } from './modulo-sender.ts'
import { MOST_WIDENINGS, expectedMessageBytes, maximumMessageBytes } from './modulo-messages.ts'
import { referencedDefinitions } from './registry.ts'
import { printSpec } from './spec.ts'

export { MOST_WIDENINGS }

/**
 * How a vector travels to a receiver that holds one near it (side information: Wyner and Ziv 1976). What a {@link Codec} is to a vector by itself; here the message alone says
 * nothing, the receiver decodes it against its own vector, and may have to ask for more.
 */
export interface ReferencedCodec {
  /** The canonical spec that creates it, e.g. `modulo(4,128) | rans`. */
  readonly spec: string
  /** Values that share a spread. */
  readonly block: number
  /** The longest of any message, request or widening about `length` values: nothing longer need be read. */
  maximumBytes (length: number): number
  /** Size of a typical first message about `length` values whose spreads are known, for budgets. */
  expectedBytes (length: number): number
  /**
   * Begins to send `values`.
   *
   * @param spreads what the receiver's vector is believed to differ by, root mean squares, one a block (`initialSpreads`, `learnedSpreads`); too small costs more messages, too large more bits,
   *   neither costs correctness
   * @param seed of the dither, a 32-bit natural; another one each time, so that errors are independent
   * @throws ShoalError CODEC_CORRUPT when a value is NaN or infinite
   */
  send (values: Float32Array, spreads: Float32Array, seed: number): ReferencedSender
  /**
   * Decodes the first message of a sender against `reference`, the receiver's own vector, which must not change meanwhile.
   *
   * @throws ShoalError CODEC_CORRUPT when the message is damaged or of another length or codec
   */
  decodeAgainst (reference: Float32Array, message: Uint8Array): ReferencedReceiver
}

export interface ReferencedSender {
  /** What every receiver ends with, to the bit: the Q(θ_i) of the mean-exact form. */
  readonly decoded: Float32Array
  message (): Uint8Array
  /**
   * Answers a receiver's request; the same request gives the same bytes, so each of several receivers may ask.
   *
   * @throws ShoalError CODEC_CORRUPT
   */
  widening (request: Uint8Array): Uint8Array
}

export interface ReferencedReceiver {
  /** The sender's vector; undefined until every checksum fits, so that a value that may be wrong is never seen. */
  readonly decoded: Float32Array | undefined
  /** How far the sender's vector lies from the reference, root mean squares, one a block; without the sender's rounding, which says nothing of the replicas. Undefined until decoded. */
  readonly spreads: Float32Array | undefined
  /** Asks for more about what does not fit; undefined when all does. */
  request (): Uint8Array | undefined
  /**
   * Takes in the answer to the last {@link request}.
   *
   * @throws ShoalError CODEC_CORRUPT; also when a block fits at no width, which an honest sender's always does at the widest
   */
  widen (message: Uint8Array): void
}

/** Whether a spec is of a codec that needs a reference. */
export function isReferenced (spec: string): boolean {
  return /^\s*modulo\b/.test(spec)
}

/**
 * The referenced codec of a spec: `modulo(bits, block)`, with `| rans` or without. `bits` is what a Gaussian difference between sender and receiver would cost, known to both,
 * behind ideal entropy coding: the step is √(2πe) times the spread times 2^−bits, as in `uniform(bits)`.
 *
 * @throws ShoalError CODEC_SPEC
 */
export function createReferencedCodec (spec: string): ReferencedCodec {
  const stages = readStages(spec, referencedDefinitions)
  const [first, second] = stages
  if (first?.text.name !== 'modulo' || stages.length > 2 || (second !== undefined && second.text.name !== 'rans')) {
    throw badSpec(spec, 'a codec against a reference is modulo(bits, block), and rans behind it or nothing')
  }
  const [bits, block] = first.given.numbers as readonly [number, number]
  const settings = { spec: printSpec(stages.map(({ text }) => text)), bits, block, isEntropyCoded: second !== undefined }
  return {
    spec: settings.spec,
    block,
    maximumBytes: length => maximumMessageBytes(settings, length),
    expectedBytes: length => expectedMessageBytes(settings, length),
    send: (values, spreads, seed) => new ModuloSender(settings, values, spreads, seed),
    decodeAgainst: (reference, message) => new ModuloReceiver(settings, reference, message)
  }
}
