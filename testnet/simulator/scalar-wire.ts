import { encodeScalars } from '../../protocols/scalars/messages.ts'
import type { OneByteMessage } from '../../src/spsa/one-byte-messages.ts'

/** What a message costs besides itself: its length, the stream's header and the encryption's. */
const FRAME_BYTES = 2 + 12 + 18

/** Wire bytes of a message of scalars, to one receiver. */
export function scalarWireBytes (message: OneByteMessage): number {
  return FRAME_BYTES + encodeScalars(message).length
}
