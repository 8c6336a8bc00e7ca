import { isLoopback, isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { MAXIMUM_ANNOUNCED_ADDRESS_LENGTH } from '../../protocols/wire/limits.ts'

const DIRECT = String.raw`\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/(tcp\/\d+(\/(tls\/)?ws)?|udp\/\d+\/quic-v1)\/p2p\/[^/]+`

/** A host and a TCP port, WebSockets on it or not, or a UDP port with QUIC, or a place at a relay that is reached so. */
const DIALABLE = new RegExp(String.raw`^${DIRECT}(\/p2p-circuit\/p2p\/[^/]+)?$`)

/** The peer id at the end of a multiaddr such as `/ip4/…/tcp/…/p2p/12D3…`. */
export function peerIdOf (address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1]
}

/** Whether an address leads over another peer. */
export function isRelayed (address: string): boolean {
  return address.includes('/p2p-circuit')
}

/** Whether an address, or that of its relay, is one of QUIC. */
export function isQuic (address: string): boolean {
  return /^\/[^/]+\/[^/]+\/udp\/\d+\/quic-v1(\/|$)/.test(address)
}

/** The addresses of a peer that can be dialled, each with its peer id: a stranger must not send us to another one. */
export function dialable (peerId: string, addresses: readonly string[]): string[] {
  return addresses
    .map(address => peerIdOf(address) === undefined ? `${address}/p2p/${peerId}` : address)
    .filter(address => peerIdOf(address) === peerId && DIALABLE.test(address) && isMultiaddr(address))
}

/** The one address that says most: a place at a relay, which only those keep whom nobody can dial, one of the internet, or one of the own network; of QUIC where there is no other, for not everybody speaks it. */
export function announcedAddress (addresses: readonly string[]): string | undefined {
  const told = addresses.filter(address => address.length <= MAXIMUM_ANNOUNCED_ADDRESS_LENGTH && isMultiaddr(address)).sort((a, b) => Number(isQuic(a)) - Number(isQuic(b)))
  return told.find(isRelayed) ?? told.find(address => !isPrivate(multiaddr(address))) ?? told.find(address => !isLoopback(multiaddr(address))) ?? told[0]
}

/** Why an address cannot be used by this version at all; undefined for one that can be tried. */
export function unspoken (address: string): string | undefined {
  const instead = 'give an address with /tcp/<port>, with /tcp/<port>/ws, or with /udp/<port>/quic-v1'
  if (/\/(webrtc|webrtc-direct|webtransport)(\/|$)/.test(address)) return `only TCP, WebSockets and QUIC are spoken here: ${instead}`
  if (/\/udp\//.test(address) && !isQuic(address)) return `of what there is over UDP only version 1 of QUIC is spoken here: ${instead}`
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
