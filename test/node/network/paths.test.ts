import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test, vi } from 'vitest'
import { openStream } from '../../../node/network/open-stream.ts'
import { bestConnection, pathOf, transportOf } from '../../../node/network/paths.ts'

const RELAY = '12D3KooWJo7sFPxYLcq7tAStm4mUdXrwz8FSr8D8mM3wtJQTgbqi'
const PEER = '12D3KooWQPWfqgzkisuZxfEoyyFhRejYbRcKWipW2gYqm4WJVokv'

function connection (address: string, bytes?: bigint): Connection {
  return { status: 'open', remoteAddr: multiaddr(address), limits: bytes === undefined ? undefined : { bytes }, newStream: vi.fn(() => Promise.resolve('a stream')) } as unknown as Connection
}
const nodeWith = (...connections: Connection[]): Pick<Libp2p, 'getConnections'> => ({ getConnections: () => connections })

const direct = connection(`/ip4/11.0.0.1/tcp/1/p2p/${PEER}`)
const close = vi.fn(() => Promise.resolve())
const relayed: Connection = { ...connection(`/ip4/11.0.0.2/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, 1000n), close }

test('a path says who carries a connection, and a direct one is preferred', () => {
  expect(pathOf(direct)).toEqual({ relay: undefined, bytesLeft: undefined })
  expect(pathOf(relayed)).toEqual({ relay: RELAY, bytesLeft: 1000 })
  const node = nodeWith(relayed, direct)
  expect(bestConnection(node, undefined as never)).toBe(direct)
  expect(bestConnection(nodeWith(relayed), undefined as never)).toBe(relayed)
})

test.each([
  [`/ip4/11.0.0.1/tcp/1/p2p/${PEER}`, 'tcp'], [`/dns4/example.org/tcp/443/tls/ws/p2p/${PEER}`, 'websockets'], [`/ip6/::1/udp/1/quic-v1/p2p/${PEER}`, 'quic'],
  [`/ip4/11.0.0.2/udp/1/quic-v1/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, 'quic'], [`/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, undefined]
])('%s goes over %s', (address, transport) => {
  expect(transportOf(connection(address))).toBe(transport)
})

test('what a relay would cut is not begun: the connection is ended with a sentence, and dialled anew', async () => {
  const { signal } = new AbortController()
  await expect(openStream(nodeWith(relayed), PEER, '/shoal/exchange/1', signal, 1000)).resolves.toBe('a stream')
  await expect(openStream(nodeWith(relayed), PEER, '/shoal/exchange/1', signal, 1001)).rejects.toThrow('12D3…gbqi, which carries this connection, lets 1.00 kB more pass, and 1.00 kB are to travel: it is dialled anew')
  expect(close).toHaveBeenCalledOnce()
})
