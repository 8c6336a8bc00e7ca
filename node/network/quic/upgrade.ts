import type { Connection, Logger, PeerId, Upgrader } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { reasonOf } from '../../../src/errors.ts'
import { peerIdOf } from '../addresses.ts'
import type { NativeConnection } from './binding.ts'
import { quicStreams } from './quic-muxer.ts'
import { QuicSocket } from './quic-socket.ts'

interface Parts {
  readonly upgrader: Upgrader
  readonly log: Logger
}

/** QUIC's handshake is TLS under keys that libp2p's identities signed, and has streams: neither noise nor yamux comes on top. */
const steps = (native: NativeConnection, remotePeer: PeerId, signal: AbortSignal) => ({ skipEncryption: true, skipProtection: true, remotePeer, muxerFactory: quicStreams(native), signal }) as const

/** Whoever dialled here. @throws when libp2p takes no more connections, or not this one */
export async function upgradeInbound (native: NativeConnection, { upgrader, log }: Parts, signal: AbortSignal): Promise<void> {
  const socket = new QuicSocket(native, undefined, log)
  try {
    await upgrader.upgradeInbound(socket, steps(native, peerIdFromString(socket.peerId), signal))
  } catch (error) {
    socket.abort(asError(error))
    throw error
  }
}

/** @param address as dialled, of anybody where it names nobody. @throws when somebody else is there */
export async function upgradeOutbound (native: NativeConnection, { upgrader, log }: Parts, address: Multiaddr, signal: AbortSignal): Promise<Connection> {
  const wanted = peerIdOf(address.toString())
  const socket = new QuicSocket(native, address, log)
  try {
    if (wanted !== undefined && wanted !== socket.peerId) throw new Error(`${socket.peerId} is there, and not ${wanted}`)
    return await upgrader.upgradeOutbound(socket, steps(native, peerIdFromString(socket.peerId), signal))
  } catch (error) {
    socket.abort(asError(error))
    throw error
  }
}

function asError (error: unknown): Error {
  return error instanceof Error ? error : new Error(reasonOf(error))
}
