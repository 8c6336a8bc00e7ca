import '../../../node/polyfills.ts'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { SharedPort } from '../../../node/network/shared-port.ts'

const nodes: Libp2p[] = []
afterEach(async () => { await Promise.all(nodes.splice(0).map(async node => node.stop())) })

async function start (transport: NonNullable<Libp2pOptions['transports']>[number], listen: string[] = []): Promise<Libp2p> {
  const node = await createLibp2p({
    transports: [transport], connectionEncrypters: [noise()], streamMuxers: [yamux()], addresses: { listen }, connectionMonitor: { enabled: false },
    connectionGater: { denyDialMultiaddr: () => false }
  })
  nodes.push(node)
  return node
}

/** Loopback by a name that does not look like it: only what may be on the internet is dialled from the shared port. */
function farAddress (node: Libp2p): Multiaddr {
  const [own = ''] = node.getMultiaddrs().map(String)
  return multiaddr(own.replace('/ip4/127.0.0.1/', '/dns4/LOCALHOST/'))
}

/** The port that the other side sees a dial come from. */
async function seenPort (dialler: Libp2p, listener: Libp2p, address: Multiaddr): Promise<number> {
  const came = new Promise<Connection>(resolve => { listener.addEventListener('connection:open', ({ detail }) => { resolve(detail) }) })
  await dialler.dial(address)
  return Number(/\/tcp\/(\d+)/.exec(String((await came).remoteAddr))?.[1])
}

/** Ports that three listeners see dials come from, two of them far and one near; and what the dialler says of its shared one. */
async function portsOfDials (): Promise<{ readonly seen: readonly number[], readonly carried: readonly boolean[], readonly obstacle: string | undefined }> {
  const [first, second, near] = await Promise.all([1, 2, 3].map(async () => start(tcp(), ['/ip4/127.0.0.1/tcp/0']))) as [Libp2p, Libp2p, Libp2p]
  const port = await SharedPort.reserve()
  const dialler = await start(port.transport({}))
  const seen = [
    await seenPort(dialler, first, farAddress(first)), await seenPort(dialler, second, farAddress(second)), await seenPort(dialler, near, near.getMultiaddrs()[0] as Multiaddr)
  ]
  return { seen, carried: dialler.getConnections().map(connection => port.carries(connection)), obstacle: port.obstacle }
}

test('dials to the internet leave from one port, and dials nearby from any', async () => {
  let dials = await portsOfDials()
  // The system may give the port to another program before the first dial, hardly ever twice.
  for (let attempt = 1; attempt < 5 && dials.obstacle !== undefined; attempt++) dials = await portsOfDials()
  const { seen: [first, second, near], carried, obstacle } = dials
  expect(obstacle).toBeUndefined()
  expect(second).toBe(first)
  expect(near).not.toBe(first)
  expect(carried).toEqual([true, true, false])
})

test('where the port cannot be shared, dials leave from any port, and the reason is told', async () => {
  const taken = createServer().listen(0, '0.0.0.0')
  await once(taken, 'listening')
  try {
    const listener = await start(tcp(), ['/ip4/127.0.0.1/tcp/0'])
    const port = new SharedPort((taken.address() as AddressInfo).port)
    const dialler = await start(port.transport({}))
    expect(await seenPort(dialler, listener, farAddress(listener))).not.toBe((taken.address() as AddressInfo).port)
    expect(port.obstacle).toMatch(/several connections leave from one port \(EADDRINUSE\)/)
    expect(dialler.getConnections().some(connection => port.carries(connection))).toBe(false)
  } finally {
    taken.close()
  }
})
