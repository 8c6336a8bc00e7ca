import { multiaddr } from '@multiformats/multiaddr'

const DIRECT = String.raw`\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+(\/(tls\/)?ws)?\/p2p\/[^/]+`

/** A host and a TCP port, WebSockets on it or not, or a place at a relay that is reached so. */
const DIALABLE = new RegExp(String.raw`^${DIRECT}(\/p2p-circuit\/p2p\/[^/]+)?$`)

/** The peer id at the end of a multiaddr such as `/ip4/…/tcp/…/p2p/12D3…`. */
export function peerIdOf (address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1]
}

/** Whether an address leads over another peer. */
export function isRelayed (address: string): boolean {
  return address.includes('/p2p-circuit')
}

/** The addresses of a peer that can be dialled, each with its peer id: a stranger must not send us to another one. */
export function dialable (peerId: string, addresses: readonly string[]): string[] {
  return addresses
    .map(address => peerIdOf(address) === undefined ? `${address}/p2p/${peerId}` : address)
    .filter(address => peerIdOf(address) === peerId && DIALABLE.test(address) && isMultiaddr(address))
}

/** Why an address cannot be used by this version at all; undefined for one that can be tried. */
export function unspoken (address: string): string | undefined {
  if (/\/quic(-v1)?(\/|$)/.test(address)) return 'QUIC is not spoken here: give an address with /tcp/<port>, or with /tcp/<port>/ws'
  if (/\/(webrtc|webrtc-direct|webtransport)(\/|$)/.test(address)) return 'only TCP and WebSockets are spoken here: give an address with /tcp/<port>, or with /tcp/<port>/ws'
  if (/\/udp\//.test(address)) return 'UDP is not spoken here: give an address with /tcp/<port>, or with /tcp/<port>/ws'
  return isMultiaddr(address) ? undefined : 'it is no multiaddr: /ip4/203.0.113.7/tcp/4001/p2p/<peer id> is one'
}

function isMultiaddr (text: string): boolean {
  try {
    multiaddr(text)
    return true
  } catch {
    return false
  }
}
