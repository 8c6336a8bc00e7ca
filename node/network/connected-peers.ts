import { peerIdFromString } from '@libp2p/peer-id'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { ByteMeter } from '../../protocols/wire/byte-meter.ts'
import { bestConnection, pathOf, transportOf } from './paths.ts'
import type { Member } from './roster.ts'
import type { ConnectedPeer } from './swarm-options.ts'

export interface ConnectedParts {
  readonly node: Pick<Libp2p, 'getConnections'>
  readonly meter: ByteMeter
  readonly isPunched: (connection: Connection) => boolean
}

/** Members with what is known of the connections to them. */
export function connectedPeers (members: readonly Member[], { node, meter, isPunched }: ConnectedParts): readonly ConnectedPeer[] {
  const traffic = meter.byPeer()
  return members.map(member => {
    const connection = bestConnection(node, peerIdFromString(member.peerId))
    const [relay, transport] = connection === undefined ? [] : [pathOf(connection).relay, transportOf(connection)]
    return {
      ...member,
      direction: connection?.direction ?? 'inbound', relay, transport,
      punched: connection !== undefined && isPunched(connection),
      bytesSent: traffic.get(member.peerId)?.sent ?? 0,
      bytesReceived: traffic.get(member.peerId)?.received ?? 0
    }
  })
}
