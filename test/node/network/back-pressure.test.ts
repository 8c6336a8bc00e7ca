import { createHash } from 'node:crypto'
import { createLibp2p, type Libp2p } from 'libp2p'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect, it } from 'vitest'
import type { Stream } from '@libp2p/interface'
import { STREAM_READ_BUFFER_BYTES, STREAM_WINDOW_BYTES } from '../../../node/network/constants.ts'
import { PAYLOAD_CHUNK_BYTES, READ_AHEAD_BYTES } from '../../../protocols/wire/limits.ts'
import { StreamIO } from '../../../protocols/wire/stream-io.ts'

const startNode = async (listen: string[]): Promise<Libp2p> => createLibp2p({
  addresses: { listen },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: STREAM_READ_BUFFER_BYTES } })],
  connectionMonitor: { enabled: false }
})

it('a reader that does not read holds the sender back within the windows, and loses nothing', async () => {
  const [reader, sender] = await Promise.all([startNode(['/ip4/127.0.0.1/tcp/0']), startNode([])])
  try {
    const arrived = new Promise<Stream>(resolve => { void reader.handle('/test/1', stream => { resolve(stream) }) })
    const outgoing = new StreamIO(await sender.dialProtocol(reader.getMultiaddrs(), '/test/1'), { idleMs: 400 })
    const incoming = new StreamIO(await arrived)
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    let written = 0
    const chunkAt = (at: number): Uint8Array => new Uint8Array(PAYLOAD_CHUNK_BYTES).fill(at / PAYLOAD_CHUNK_BYTES)
    const push = async (): Promise<void> => {
      for (;;) {
        const chunk = chunkAt(written)
        sent.update(chunk)
        written += chunk.byteLength
        await outgoing.write(chunk)
      }
    }
    await expect(push()).rejects.toMatchObject({ fault: 'idle' })
    expect(written).toBeLessThanOrEqual(READ_AHEAD_BYTES + STREAM_WINDOW_BYTES + 4 * PAYLOAD_CHUNK_BYTES)
    let read = 0
    for await (const piece of incoming.readBody(written)) {
      received.update(piece)
      read += piece.byteLength
    }
    expect(read).toBe(written)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  } finally {
    await Promise.all([reader.stop(), sender.stop()])
  }
})
