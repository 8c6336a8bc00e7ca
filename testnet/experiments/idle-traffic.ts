import '../../node/polyfills.ts'
import { mkdir, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ByteTotals } from '../../src/events.ts'
import { SwarmNetwork } from '../../node/network/swarm-network.ts'
import { formatBytes } from '../../node/terminal/units.ts'

/** `node dist/testnet/experiments/idle-traffic.js [minutes]`: what a joined peer that does nothing sends and receives; writes docs/results/idle-traffic.md. */
const PEERS = 13
/** Of the design: everything, TCP/IP headers excluded. */
const TARGET_BYTES_PER_SECOND = 1000
/** Handshakes, introductions and first walks through the table are over by then: what follows is what staying costs. */
const SETTLING_MS = 90_000
const MS_PER_MINUTE = 60_000
const minutes = Number(process.argv[2] ?? 10)

type Bytes = Readonly<Record<'sent' | 'received', number>>

async function start (bootstrap: readonly string[]): Promise<SwarmNetwork> {
  return await SwarmNetwork.start({
    privateKey: await generateKeyPair('Ed25519'), listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap, runId: '1d'.repeat(32), layoutHash: '1d'.repeat(32), codec: 'float32', software: 'shoal/idle',
    maximumPayloadBytes: 1, manifest: () => new Uint8Array(), snapshot: () => undefined, reach: { dht: true, relay: true }
  })
}

async function joined (peers: readonly SwarmNetwork[]): Promise<void> {
  await Promise.all(peers.map(async peer => new Promise<void>(resolve => {
    const check = (): void => { if (peer.present().length === PEERS - 1) resolve() }
    peer.onChange(check)
    check()
  })))
}

function bytesOf ({ wireSent, controlSent, wireReceived, controlReceived }: ByteTotals): Bytes {
  return { sent: wireSent + controlSent, received: wireReceived + controlReceived }
}

function sumOf (peers: readonly SwarmNetwork[]): Map<string, Bytes> {
  const sums = new Map<string, Bytes>()
  for (const [protocol, { sent, received }] of peers.flatMap(peer => [...peer.meter.byProtocol()])) {
    const before = sums.get(protocol) ?? { sent: 0, received: 0 }
    sums.set(protocol, { sent: before.sent + sent, received: before.received + received })
  }
  return sums
}

const rate = (bytes: number): string => (bytes / minutes / 60).toFixed(1)

const first = await start([])
const others = await Promise.all(Array.from({ length: PEERS - 1 }, async () => start(first.addresses())))
const peers = [first, ...others]
await joined(peers)
console.log(`${PEERS} peers know each other; measuring for ${minutes} min after ${SETTLING_MS / 1000} s`)
await wait(SETTLING_MS)
const joinCost = peers.map(peer => bytesOf(peer.meter.totals()))
const protocolsBefore = sumOf(peers)
const { user, system } = process.cpuUsage()
await wait(minutes * MS_PER_MINUTE)
const cpu = process.cpuUsage({ user, system })
const rows = peers.map((peer, index) => {
  const [now, before] = [bytesOf(peer.meter.totals()), joinCost[index] ?? { sent: 0, received: 0 }]
  return { sent: now.sent - before.sent, received: now.received - before.received }
})
const protocols = [...sumOf(peers)].map(([protocol, { sent }]) => ({ protocol, sent: sent - (protocolsBefore.get(protocol)?.sent ?? 0) })).filter(({ sent }) => sent > 0).sort((a, b) => b.sent - a.sent)
const complete = peers.every(peer => peer.present().length === PEERS - 1)
await Promise.all(peers.map(async peer => peer.stop()))

const most = rows.reduce((a, b) => a.sent + a.received > b.sent + b.received ? a : b)
const mean = (of: keyof Bytes): number => rows.reduce((sum, row) => sum + row[of], 0) / PEERS
const page = `# What a peer that does nothing costs

Command: \`npm run bench:idle\`. Setup: ${process.version}, ${PEERS} peers in one process on loopback, each joined to all the others, with everything on that sends over connections: table (DHT), relaying, gossip, peer exchange.
Nobody trains, so nobody announces anything. Counted by the byte meter at the sockets, noise and yamux included, TCP/IP headers excluded, over ${minutes} minutes that begin ${SETTLING_MS / 1000} s after all had met.

| | sent, B/s | received, B/s | both, B/s |
|---|---|---|---|
| mean of ${PEERS} peers | ${rate(mean('sent'))} | ${rate(mean('received'))} | ${rate(mean('sent') + mean('received'))} |
| the peer with most | ${rate(most.sent)} | ${rate(most.received)} | ${rate(most.sent + most.received)} |
| held to | | | ${TARGET_BYTES_PER_SECOND} |

${most.sent + most.received <= TARGET_BYTES_PER_SECOND * minutes * 60 ? 'The promise is kept.' : 'The promise is not kept.'} ${complete ? 'All were still joined to all in the end.' : 'Some had lost others in the end.'}
The process used ${((cpu.user + cpu.system) / 1e4 / minutes / 60 / PEERS).toFixed(2)} % of one processor a peer. Joining, up to where the measurement begins, cost ${formatBytes(joinCost.reduce((sum, { sent }) => sum + sent, 0) / PEERS)} sent a peer.

## By protocol

Bytes of streams; what they do not explain is yamux's keepalive (12 bytes each way and connection every 30 s), and what noise, yamux and negotiation add.

| protocol | sent by all, B/s |
|---|---|
${protocols.map(({ protocol, sent }) => `| \`${protocol}\` | ${rate(sent)} |`).join('\n')}
| all of it at the sockets | ${rate(mean('sent') * PEERS)} |

mDNS goes by multicast beside the sockets and is off here: a peer asks once a minute, in about 100 bytes, and answers whoever asks, in about 100 bytes an address.
`
await mkdir('docs/results', { recursive: true })
await writeFile('docs/results/idle-traffic.md', page)
console.log(page)
