import { vi } from 'vitest'
import type { NativeConnection } from '../../../../node/network/quic/binding.ts'

/** Who proved to be at the other end of it. */
export const PROVEN = '12D3KooWJo7sFPxYLcq7tAStm4mUdXrwz8FSr8D8mM3wtJQTgbqi'

/** An open connection of QUIC's library, without the library, of a peer that says nothing. */
export function nativeConnection (abort = vi.fn()): NativeConnection {
  const never = new Promise<never>(() => undefined)
  return {
    inboundStream: async () => never, outboundStream: async () => never, abort, rtt: () => 1, id: () => '1', remoteMultiaddr: () => `/ip4/127.0.0.1/udp/9/quic-v1/p2p/${PROVEN}`,
    closed: async () => never, stats: () => ({ udpTxBytes: 0, udpRxBytes: 0 })
  }
}
