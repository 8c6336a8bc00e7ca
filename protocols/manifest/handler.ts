import type { Stream } from '@libp2p/interface'
import { converse } from '../wire/conversation.ts'
import { rejection } from '../wire/rejection.ts'
import { decodeRequest, encodeAnswer } from './messages.ts'

export interface ManifestSource {
  readonly runId: string
  readonly manifest: () => Uint8Array
}

/**
 * Answers one request for the signed manifest; anyone may ask, whoever asks for another run hears so.
 *
 * @throws WireError
 */
export async function answerManifest (stream: Stream, source: ManifestSource, signal?: AbortSignal): Promise<void> {
  await converse(stream, async function * (incoming) {
    const { runId } = decodeRequest(await incoming.next())
    yield encodeAnswer(runId === source.runId
      ? { manifest: source.manifest() }
      : { rejection: rejection('WRONG_RUN', { refusing: source.runId, refused: runId }) })
  }, { signal })
}
