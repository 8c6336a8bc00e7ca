import type { Stream } from '@libp2p/interface'
import type { AttestAnswer, AttestQuestion, SnapshotOffer } from '../../src/transfer/transfer-ports.ts'
import { converse } from '../wire/conversation.ts'
import { WireError } from '../wire/errors.ts'
import { weightsToBytes } from '../state/messages.ts'
import { decodeAnswer, encodeRequest } from './messages.ts'
import type { SnapshotAnswer, SnapshotRequest } from './messages.ts'
import { openOffer } from './offers.ts'
import type { OfferTerms } from './offers.ts'

/**
 * Snapshots that a member holds, each checked against its signature.
 *
 * @param hold a round that it is asked to keep for a while
 * @throws WireError; `refused` with the peer's sentence
 */
export async function askOffers (stream: Stream, signer: string, terms: OfferTerms, hold?: number, signal?: AbortSignal): Promise<readonly SnapshotOffer[]> {
  const answer = await ask(stream, hold === undefined ? { want: 'offers' } : { want: 'offers', hold }, signal)
  if (!('offers' in answer)) throw new WireError('malformed', 'a peer answers what it was not asked')
  return answer.offers.map(offer => openOffer(offer, signer, terms))
}

/**
 * What a member thinks of parts of a snapshot, one answer a part.
 *
 * @throws WireError; `refused` with the peer's sentence when it cannot tell
 */
export async function askOpinions (stream: Stream, { round, seed, parts }: AttestQuestion, signal?: AbortSignal): Promise<readonly AttestAnswer[]> {
  const answer = await ask(stream, { want: 'opinion', round, seed, parts: parts.map(({ vector, chunks, sketch }) => ({ vector, chunks, sketch: weightsToBytes(sketch.slice()) })) }, signal)
  if (!('opinions' in answer) || answer.opinions.length !== parts.length) throw new WireError('malformed', 'a peer answers what it was not asked')
  return answer.opinions
}

async function ask (stream: Stream, request: SnapshotRequest, signal: AbortSignal | undefined): Promise<Exclude<SnapshotAnswer, { rejection: unknown }>> {
  const answer = await converse(stream, async function * (incoming): AsyncGenerator<Uint8Array, SnapshotAnswer> {
    yield encodeRequest(request)
    return decodeAnswer(await incoming.next())
  }, { signal })
  if ('rejection' in answer) throw new WireError('refused', answer.rejection.sentence, answer.rejection)
  return answer
}
