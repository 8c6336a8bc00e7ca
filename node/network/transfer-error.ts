import { ShoalError } from '../../src/errors.ts'
import { asWireError } from '../../protocols/wire/errors.ts'

/** What went wrong when a member was asked for something, for people. */
export function transferError (peerId: string, what: string, error: unknown): ShoalError {
  const { fault, message } = asWireError(error)
  const code = fault === 'refused' ? 'PEER_INCOMPATIBLE' : fault === 'idle' || fault === 'broken' ? 'BOOTSTRAP_UNREACHABLE' : 'PEER_MISBEHAVED'
  return new ShoalError({ code, what: `cannot fetch ${what} from ${peerId}`, why: message, tryThis: 'ask another member', cause: error })
}
