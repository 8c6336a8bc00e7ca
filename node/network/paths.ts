import type { Connection, Libp2p, PeerId } from '@libp2p/interface'

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

/** The open connection to prefer: a direct one over one that costs a third peer's link. */
export function bestConnection (node: Pick<Libp2p, 'getConnections'>, peerId: PeerId): Connection | undefined {
  const open = node.getConnections(peerId).filter(({ status }) => status === 'open')
  return open.find(connection => pathOf(connection).relay === undefined) ?? open[0]
}
