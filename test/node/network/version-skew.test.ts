import { afterEach, describe, expect, it } from 'vitest'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { decodeAnswer, encodeVerdict } from '../../../protocols/hello/messages.ts'
import { converse } from '../../../protocols/wire/conversation.ts'
import { encodeMessage } from '../../../protocols/wire/frames.ts'
import { HELLO_PROTOCOL, PROTOCOL_VERSIONS } from '../../../protocols/wire/protocol-ids.ts'
import { LAYOUT, RUN, startPeer, until } from './support/peers.ts'

const stops: Array<() => Promise<void>> = []
afterEach(async () => { await Promise.all(stops.splice(0).map(async stop => stop())) })

/** A hello in the words of another version, which our encoder need not know. */
function helloOf (protocols: { readonly minimum: number, readonly maximum: number }, more: object = {}): Uint8Array {
  return encodeMessage({ software: 'other/0', protocols, runId: RUN, layoutHash: LAYOUT, codec: 'int8(64)', progress: { round: 0, step: 0, training: true }, addresses: [], peers: [], ...more })
}

async function say (connection: Connection, hello: Uint8Array): Promise<ReturnType<typeof decodeAnswer>> {
  return converse(await connection.newStream(HELLO_PROTOCOL), async function * (incoming): AsyncGenerator<Uint8Array, ReturnType<typeof decodeAnswer>> {
    yield hello
    const answer = decodeAnswer(await incoming.next())
    if (answer.verdict.accept) yield encodeVerdict({ accept: true })
    return answer
  })
}

describe('versions', () => {
  const { minimum, maximum } = PROTOCOL_VERSIONS

  it.each([
    ['the version before, which knows no passes and tells no time', { minimum, maximum: maximum - 1 }, {}],
    ['the version after, which still speaks ours and says what we do not know', { minimum: maximum, maximum: maximum + 1 }, { mood: 'bright', progress: { round: 0, step: 0, training: true, colour: 1 } }]
  ])('%s takes part', async (_what, protocols, more) => {
    const peer = await startPeer()
    stops.push(async () => peer.stop())
    const node = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false } })
    stops.push(async () => node.stop())
    const { verdict, hello } = await say(await node.dial(peer.addresses().map(address => multiaddr(address))), helloOf(protocols, more))
    expect(verdict).toEqual({ accept: true })
    expect(hello.protocols).toEqual(PROTOCOL_VERSIONS)
    await until(peer, () => peer.present().length === 1)
  })

  it('a version too far ahead is refused, and both hear who needs a newer Shoal', async () => {
    const peer = await startPeer()
    stops.push(async () => peer.stop())
    const node = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false } })
    stops.push(async () => node.stop())
    const { verdict } = await say(await node.dial(peer.addresses().map(address => multiaddr(address))), helloOf({ minimum: maximum + 1, maximum: maximum + 2 }))
    expect(verdict).toMatchObject({ accept: false, code: 'WRONG_PROTOCOL', sentence: `the refused peer speaks protocol versions ${maximum + 1} to ${maximum + 2}, the refusing peer ${minimum} to ${maximum}; the older of the two needs a newer Shoal` })
    await until(peer, () => peer.rejected().length > 0)
  })
})
