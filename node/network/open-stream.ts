import type { Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { WireError } from '../../protocols/wire/errors.ts'
import { OPEN_STREAM_TIMEOUT_MS } from './constants.ts'
import { bestConnection } from './paths.ts'
import { within } from './within.ts'

/** A new stream to a peer that is connected. @throws WireError `broken` for one that is not, `idle` when it does not answer */
export async function openStream (node: Pick<Libp2p, 'getConnections'>, peerId: string, protocol: string, signal: AbortSignal): Promise<Stream> {
  const connection = bestConnection(node, peerIdOrThrow(peerId))
  if (connection === undefined) throw new WireError('broken', `${peerId} is not connected`)
  const stream = await within(OPEN_STREAM_TIMEOUT_MS, async timeout => connection.newStream(protocol, { signal: AbortSignal.any([signal, timeout]), runOnLimitedConnection: true }))
  if (stream === undefined) throw new WireError('idle', `${peerId} does not answer`)
  return stream
}

function peerIdOrThrow (text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (error) {
    throw new WireError('broken', `${text} is no peer id`, error)
  }
}
