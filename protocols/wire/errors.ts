/** What went wrong on a stream. */
export type WireFault =
  /** Bytes that are no message of the protocol. */
  | 'malformed'
  /** More bytes than the limit allows. */
  | 'too-long'
  /** The stream ended in the middle of something. */
  | 'truncated'
  /** No byte moved for too long. */
  | 'idle'
  /** The stream was reset, or its connection closed. */
  | 'broken'
  /** More messages in a time than any conversation has. */
  | 'flood'
  /** The other side said no; the message is its sentence. */
  | 'refused'

/** The only error that decoding and reading throw, besides the reason of an aborted signal. The message is a sentence. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly fault: WireFault

  constructor (fault: WireFault, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause })
    this.fault = fault
  }
}

/** Names of errors by which it-length-prefixed says that bytes are wrong. */
const FAULTS = new Map<string, WireFault>([
  ['InvalidDataLengthError', 'too-long'],
  ['InvalidDataLengthLengthError', 'too-long'],
  ['InvalidMessageLengthError', 'malformed'],
  ['UnexpectedEOFError', 'truncated']
])

/** Whatever a stream threw, as a `WireError`. */
export function asWireError (thrown: unknown): WireError {
  if (thrown instanceof WireError) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return new WireError(FAULTS.get(error.name) ?? 'broken', `the stream broke: ${error.message}`, thrown)
}
