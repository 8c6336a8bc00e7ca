import '../../../../node/polyfills.ts'
import type { Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { QUIC_FAILURE_PAUSE_MS, QUIC_FAILURES_TOLD, QUIC_HANDSHAKES } from '../../../../node/network/constants.ts'
import type { Binding, NativeConnection, NativeServer } from '../../../../node/network/quic/binding.ts'
import { QuicListener } from '../../../../node/network/quic/quic-listener.ts'
import { nativeConnection } from '../support/native-connection.ts'

/** A port that nobody comes to until it is lost. */
function losable (): [Endpoint['inbound'], () => void] {
  let lose: () => void = () => undefined
  const lost = new Promise<void>(resolve => { lose = resolve })
  return [async () => lost.then(() => { throw new Error('server closed') }), lose]
}

interface Endpoint {
  readonly inbound: () => Promise<NativeConnection>
  readonly upgradeInbound?: Upgrader['upgradeInbound']
}

const listeners: QuicListener[] = []
afterEach(async () => { await Promise.all(listeners.splice(0).map(async listener => listener.close())) })

/** A listener at a library that does what the test says, with waits that are over in the next turn. */
async function listen ({ inbound, upgradeInbound = async () => Promise.resolve() }: Endpoint): Promise<{ readonly listener: QuicListener, readonly warnings: string[], readonly pauses: number[] }> {
  const [warnings, pauses]: [string[], number[]] = [[], []]
  class Server implements NativeServer {
    port (): number { return 4001 }
    async inboundConnection (): Promise<NativeConnection> { return turn().then(inbound) }
    async abort (): Promise<void> { return Promise.resolve() }
  }
  const listener = new QuicListener({
    binding: { Server } as unknown as Binding, config: {}, upgrader: { upgradeInbound } as Upgrader, log: defaultLogger().forComponent('test'),
    warn: sentence => warnings.push(sentence),
    pause: async (ms, signal) => {
      pauses.push(ms)
      await turn()
      signal.throwIfAborted()
    }
  })
  listeners.push(listener)
  await listener.listen(multiaddr('/ip4/127.0.0.1/udp/0/quic-v1'))
  return { listener, warnings, pauses }
}

describe('a listener of QUIC', () => {
  it('tries a port that fails for ever ever more slowly, and says so once', async () => {
    const { listener, warnings, pauses } = await listen({ inbound: async () => Promise.reject(new Error('the moon is in the way')) })
    await vi.waitFor(() => { expect(pauses.length).toBeGreaterThan(2 * QUIC_FAILURES_TOLD) }, { timeout: 60_000 })
    expect(pauses.slice(0, QUIC_HANDSHAKES).every(ms => ms === QUIC_FAILURE_PAUSE_MS.least)).toBe(true)
    expect(pauses.every((ms, index) => ms >= (pauses[index - 1] ?? 0))).toBe(true)
    expect(pauses.at(-1)).toBe(QUIC_FAILURE_PAUSE_MS.most)
    expect(warnings).toEqual([expect.stringContaining('the moon is in the way') as string])
    await listener.close()
    const pausesSoFar = pauses.length
    for (let turns = 0; turns < 100; turns++) await turn()
    // what was under way fails once more
    expect(pauses.length).toBeLessThanOrEqual(pausesSoFar + QUIC_HANDSHAKES)
  })

  it('begins anew after a handshake that succeeded', async () => {
    let calls = 0
    const { pauses, warnings } = await listen({ inbound: async () => ++calls % (2 * QUIC_HANDSHAKES) === 0 ? Promise.resolve(nativeConnection()) : Promise.reject(new Error('garbage')) })
    await vi.waitFor(() => { expect(pauses.length).toBeGreaterThan(2 * QUIC_FAILURES_TOLD) }, { timeout: 60_000 })
    expect(Math.max(...pauses)).toBeLessThan(QUIC_FAILURE_PAUSE_MS.most)
    expect(warnings).toEqual([])
  })

  it('says that its port is lost, and tells nobody to come there any more', async () => {
    const [inbound, lose] = losable()
    const { listener, warnings } = await listen({ inbound })
    const closed = new Promise(resolve => { listener.addEventListener('close', resolve) })
    expect(listener.getAddrs().map(String)).toEqual(['/ip4/127.0.0.1/udp/4001/quic-v1'])
    lose()
    await closed
    expect(listener.getAddrs()).toEqual([])
    expect(warnings).toEqual([expect.stringMatching(/UDP port 4001 .*server closed/) as string])
  })

  it('says nothing of a port that is closed because the peer stops', async () => {
    const [inbound, lose] = losable()
    const { listener, warnings } = await listen({ inbound })
    await listener.close()
    lose()
    await turn()
    await turn()
    expect(warnings).toEqual([])
  })
})
