import '../../../../node/polyfills.ts'
import type { Connection, MultiaddrConnection, Upgrader, UpgraderWithoutEncryptionOptions } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it, vi } from 'vitest'
import { FAILED_DIAL_RATE } from '../../../../node/network/constants.ts'
import { DialLimits } from '../../../../node/network/dial-limits.ts'
import { upgradeInbound, upgradeOutbound } from '../../../../node/network/quic/upgrade.ts'
import { nativeConnection, PROVEN } from '../support/native-connection.ts'

const log = defaultLogger().forComponent('test')
const { signal } = new AbortController()

/** libp2p, as far as it is told of connections. */
function upgraderThat (accepts: (socket: MultiaddrConnection, options: UpgraderWithoutEncryptionOptions) => void): Upgrader {
  return {
    upgradeInbound: async (socket: MultiaddrConnection, options: UpgraderWithoutEncryptionOptions) => {
      accepts(socket, options)
      return Promise.resolve()
    },
    upgradeOutbound: async (socket: MultiaddrConnection, options: UpgraderWithoutEncryptionOptions) => {
      accepts(socket, options)
      return Promise.resolve({ remoteAddr: socket.remoteAddr } as Connection)
    }
  } as unknown as Upgrader
}

describe('a connection over QUIC', () => {
  it('is judged by who its handshake proved to be there', async () => {
    const judged: string[] = []
    await upgradeInbound(nativeConnection(), { upgrader: upgraderThat(({ direction }, { remotePeer }) => { judged.push(`${direction} ${String(remotePeer)}`) }), log }, signal)
    expect(judged).toEqual([`inbound ${PROVEN}`])
  })

  it('that libp2p refuses is ended', async () => {
    const abort = vi.fn()
    const upgrader = upgraderThat(() => { throw new Error('too many connections') })
    await expect(upgradeInbound(nativeConnection(abort), { upgrader, log }, signal)).rejects.toThrow('too many connections')
    expect(abort).toHaveBeenCalled()
  })

  it('to somebody else than was dialled is ended before libp2p hears of it', async () => {
    const [abort, accepts] = [vi.fn(), vi.fn()]
    const address = multiaddr('/ip4/127.0.0.1/udp/9/quic-v1/p2p/12D3KooWPoWyAUSiS7cWBz5d2axgc1MfW44DEr3KyHZqiV4JmWB5')
    await expect(upgradeOutbound(nativeConnection(abort), { upgrader: upgraderThat(accepts), log }, address, signal)).rejects.toThrow(`${PROVEN} is there, and not`)
    expect(abort).toHaveBeenCalled()
    expect(accepts).not.toHaveBeenCalled()
  })

  it('counts for the host that was dialled, by whatever name, so that one where peers of ours are is not held for a victim', async () => {
    const limits = new DialLimits()
    for (let dial = 0; dial < 4 * FAILED_DIAL_RATE.burst; dial++) {
      const address = multiaddr(`/dns4/lab.example.org/udp/9/quic-v1/p2p/${PROVEN}`)
      expect(limits.mayDial(address, 0)).toBe(true)
      const { remoteAddr } = await upgradeOutbound(nativeConnection(), { upgrader: upgraderThat(() => undefined), log }, address, signal)
      limits.answered(remoteAddr)
    }
  })
})
