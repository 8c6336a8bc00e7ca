import type { Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { WireError } from '../../protocols/wire/errors.ts'
import { EXCHANGE_PROTOCOL, SCALARS_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import { shortId } from '../../src/membership/short-id.ts'
import { formatBytes } from '../terminal/units.ts'
import { FIRST_WINDOW_BYTES, OPEN_STREAM_TIMEOUT_MS } from './constants.ts'
import { bestConnection, pathOf } from './paths.ts'
import { within } from './within.ts'

/** Protocols over which others send much. */
const WIDE = new Set([EXCHANGE_PROTOCOL, SCALARS_PROTOCOL])

/** Keeps the window of a stream that others opened as it begins: yamux opens it four times as far for whoever sends in small pieces, and requests never need that. */
export function narrowed (stream: Stream): Stream {
  // of yamux's streams, which libp2p's types do not tell of
  return WIDE.has(stream.protocol) ? stream : Object.assign(stream, { maxStreamWindowSize: FIRST_WINDOW_BYTES })
}

/**
 * A new stream to a peer that is connected.
 *
 * @param needsBytes what is to pass: a relayed connection that may carry no more of it is ended, and dialled anew by whoever keeps members
 * @throws WireError `broken` for a peer that is not connected, or not well enough; `idle` when it does not answer
 */
export async function openStream (node: Pick<Libp2p, 'getConnections'>, peerId: string, protocol: string, signal: AbortSignal, needsBytes = 0): Promise<Stream> {
  const connection = bestConnection(node, peerIdOrThrow(peerId))
  if (connection === undefined) throw new WireError('broken', `${peerId} is not connected`)
  const { relay, bytesLeft = Infinity } = pathOf(connection)
  if (bytesLeft < needsBytes) {
    void connection.close().catch(() => { connection.abort(new WireError('broken', 'the relay lets no more pass')) })
    throw new WireError('broken', `${shortId(relay ?? '')}, which carries this connection, lets ${formatBytes(bytesLeft)} more pass, and ${formatBytes(needsBytes)} are to travel: it is dialled anew`)
  }
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
