import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import { MAXIMUM_MANIFEST_FRAME_BYTES } from '../wire/limits.ts'
import { decodeAnswer, encodeRequest, type ManifestAnswer } from './messages.ts'

/**
 * Asks for the signed manifest of a run. Its signature and hash are the caller's to check.
 *
 * @throws WireError
 */
export async function askManifest (stream: Stream, runId: string, signal?: AbortSignal): Promise<ManifestAnswer> {
  return converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, ManifestAnswer> {
    yield encodeRequest({ runId })
    return decodeAnswer(await incoming.next())
  }, { signal, maximumFrameBytes: MAXIMUM_MANIFEST_FRAME_BYTES })
}
