// One end of bench:quic. peer.mjs give tcp|quic prints where it listens; peer.mjs take ADDRESS BYTES fetches so many and prints what it measured.
import '../../../dist/node/polyfills.js'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { setTimeout as pause } from 'node:timers/promises'
import { STREAM_READ_BUFFER_BYTES, STREAM_WINDOW_BYTES } from '../../../dist/node/network/constants.js'
import { MeteredLinks } from '../../../dist/node/network/metered-links.js'
import { openQuic } from '../../../dist/node/network/quic/quic-transport.js'
import { ByteMeter } from '../../../dist/protocols/wire/byte-meter.js'
import { StreamIO } from '../../../dist/protocols/wire/stream-io.js'

const BULK = '/bench/bulk/1'
const ECHO = '/bench/echo/1'
const CHUNK_BYTES = 65_536
const BETWEEN_QUESTIONS_MS = 50
const PATIENCE = { idleMs: 120_000 }

const meter = new ByteMeter()
const [, , role, where, bytes] = process.argv
const quic = await openQuic(false)
if (quic.obstacle !== undefined) throw new Error(quic.obstacle)
const node = await createLibp2p({
  addresses: { listen: role === 'take' ? [] : [where === 'quic' ? '/ip4/10.78.0.2/udp/0/quic-v1' : '/ip4/10.78.0.2/tcp/0'] },
  transports: [tcp(), quic.transport],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: STREAM_READ_BUFFER_BYTES } })],
  connectionMonitor: { enabled: false },
  connectionGater: { denyDialMultiaddr: () => false },
  metrics: new MeteredLinks(meter, () => performance.now()).metrics
})

if (role === 'give') {
  await node.handle(BULK, async stream => {
    const io = new StreamIO(stream, PATIENCE)
    const wanted = Number(new TextDecoder().decode(await io.readFrame()))
    for (let sent = 0; sent < wanted; sent += CHUNK_BYTES) await io.write(new Uint8Array(Math.min(CHUNK_BYTES, wanted - sent)))
    await io.end()
  })
  await node.handle(ECHO, async stream => {
    const io = new StreamIO(stream, PATIENCE)
    for (let frame = await io.readFrame(PATIENCE); frame !== undefined; frame = await io.readFrame(PATIENCE)) await io.writeFrame(frame)
  })
  process.stdout.write(`${node.getMultiaddrs()[0]}\n`)
} else {
  process.stdout.write(`${JSON.stringify(await take(multiaddr(where), Number(bytes)))}\n`)
  process.exit(0)
}

async function take (address, wanted) {
  const dialled = performance.now()
  const connection = await node.dial(address)
  const dialMs = performance.now() - dialled
  const echo = new StreamIO(await connection.newStream(ECHO), PATIENCE)
  const bulk = new StreamIO(await connection.newStream(BULK), PATIENCE)
  const before = received()
  const began = performance.now()
  let isOver = false
  const asking = questions(echo, () => isOver)
  await bulk.writeFrame(new TextEncoder().encode(String(wanted)))
  for await (const piece of bulk.readBody(wanted)) void piece
  const seconds = (performance.now() - began) / 1000
  const overhead = (received() - before) / wanted - 1
  isOver = true
  return { dialMs, bytesPerSecond: wanted / seconds, questionMs: median(await asking), overhead }
}

async function questions (io, isOver) {
  const taken = []
  while (!isOver()) {
    const began = performance.now()
    await io.writeFrame(Uint8Array.of(1))
    await io.readFrame()
    taken.push(performance.now() - began)
    await pause(BETWEEN_QUESTIONS_MS)
  }
  return taken
}

function received () {
  const { wireReceived, controlReceived } = meter.totals()
  return wireReceived + controlReceived
}

function median (values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
