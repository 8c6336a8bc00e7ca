import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { isQuic } from './addresses.ts'

/** As `peers --json` names them. */
export type Transport = 'tcp' | 'websockets' | 'quic'

/** How a connection goes. */
export interface Path {
  /** The peer that carries it; undefined for a direct one. */
  readonly relay: string | undefined
  /** What the relay lets pass yet, both ways together; undefined without a limit. */
  readonly bytesLeft: number | undefined
}

/** The path of a connection, by its address. */
export function pathOf ({ remoteAddr, limits }: Pick<Connection, 'remoteAddr'> & Partial<Pick<Connection, 'limits'>>): Path {
  const [carrier = '', ...further] = remoteAddr.toString().split('/p2p-circuit')
  if (further.length === 0) return { relay: undefined, bytesLeft: undefined }
  return { relay: /\/p2p\/([^/]+)$/.exec(carrier)?.[1] ?? carrier, bytesLeft: limits?.bytes === undefined ? undefined : Number(limits.bytes) }
}

/** What a connection goes over, the first part of the way where a relay carries it; undefined where its address does not tell. */
export function transportOf ({ remoteAddr }: Pick<Connection, 'remoteAddr'>): Transport | undefined {
  const address = remoteAddr.toString().split('/p2p-circuit')[0] ?? ''
  if (isQuic(address)) return 'quic'
  if (/\/wss?(\/|$)/.test(address)) return 'websockets'
  return address.includes('/tcp/') ? 'tcp' : undefined
}

/** The open connection to prefer: a direct one over one that costs a third peer's link. */
export function bestConnection (node: Pick<Libp2p, 'getConnections'>, peerId: PeerId): Connection | undefined {
  const open = node.getConnections(peerId).filter(({ status }) => status === 'open')
  return open.find(connection => pathOf(connection).relay === undefined) ?? open[0]
}
