import { preSharedKey } from '@libp2p/pnet'
import type { ConnectionProtector } from '@libp2p/interface'

/** XSalsa20 takes keys of this length. */
export const NETWORK_KEY_BYTES = 32

/** Wraps every connection in a cipher under the network's key: who lacks it reads and says nothing (libp2p's private networks, version 1). */
export function protectorOf (networkKey: Uint8Array): () => ConnectionProtector {
  const hex = [...networkKey].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return preSharedKey({ psk: new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${hex}`) })
}
