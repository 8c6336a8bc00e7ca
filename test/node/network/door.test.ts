import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { DoorOptions } from '../../../node/network/door.ts'
import { Standings } from '../../../node/network/standings.ts'
import type { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { LevelStore } from '../../../node/store/level-store.ts'
import { rejection } from '../../../protocols/wire/rejection.ts'
import { Admission } from '../../../src/membership/admission.ts'
import { issuePass, NEVER_S, showPass, termsOf } from '../../../src/membership/pass.ts'
import { revoke } from '../../../src/membership/revocation.ts'
import { fullMesh, RUN, startPeer, until } from './support/peers.ts'

const networks: SwarmNetwork[] = []
afterEach(async () => { await Promise.all(networks.splice(0).map(async network => network.stop())) })

type Key = Ed25519PrivateKey

const secretOf = (key: Key): Uint8Array => key.raw.subarray(0, 32)
const idOf = (key: Key): string => peerIdFromPrivateKey(key).toString()

/** A run of which `creator` admits by pass. */
function doorOf (creator: Key, pass?: { readonly pass: Uint8Array, readonly holder: Key }): DoorOptions {
  const admission = new Admission({ runId: RUN, creator: bytesToHex(creator.publicKey.raw), rule: { kind: 'invited', issuers: [] } })
  return { admission, standings: new Standings(), pass: pass === undefined ? undefined : showPass(pass.pass, RUN, idOf(pass.holder)) }
}

async function start (privateKey: Key, door: DoorOptions, bootstrap: readonly string[] = []): Promise<SwarmNetwork> {
  const network = await startPeer({ privateKey, door, bootstrap })
  networks.push(network)
  return network
}

describe('a run that admits by pass', () => {
  it('lets in who shows one, refuses who does not with the same sentence on both sides, and shows out whose pass is revoked', async () => {
    const [creator, invited, stranger] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
    const pass = issuePass(RUN, secretOf(creator), new Uint8Array(32).fill(7), NEVER_S)
    const host = await start(creator, doorOf(creator))
    const guest = await start(invited, doorOf(creator, { pass, holder: invited }), host.addresses())
    await fullMesh(host, guest)
    // a pass that belongs to somebody else is worth nothing
    const thief = await start(stranger, doorOf(creator, { pass, holder: invited }), host.addresses())
    await until(thief, () => thief.rejected().length > 0)
    await until(host, () => host.rejected().length > 0)
    expect(host.rejected()).toMatchObject([{ peerId: thief.self, code: 'NOT_ADMITTED', by: 'us' }])
    expect(thief.rejected()).toMatchObject([{ peerId: host.self, code: 'NOT_ADMITTED', by: 'them', sentence: host.rejected()[0]?.sentence }])
    host.revoke([revoke(RUN, secretOf(creator), undefined, termsOf(pass).id)])
    await until(host, () => host.present().length === 0)
    await until(guest, () => guest.present().length === 0)
    expect(host.rejected().at(-1)).toMatchObject({ peerId: guest.self, code: 'NOT_ADMITTED', sentence: expect.stringContaining('revoked') as string })
  })

  it('passes revocations on from member to member', async () => {
    const keys = await Promise.all([1, 2, 3].map(async () => generateKeyPair('Ed25519')))
    const [creator, first, second] = keys as [Key, Key, Key]
    const passes = [3, 4].map(seed => issuePass(RUN, secretOf(creator), new Uint8Array(32).fill(seed), NEVER_S)) as [Uint8Array, Uint8Array]
    const host = await start(creator, doorOf(creator))
    const a = await start(first, doorOf(creator, { pass: passes[0], holder: first }), host.addresses())
    const b = await start(second, doorOf(creator, { pass: passes[1], holder: second }), host.addresses())
    await fullMesh(host, a, b)
    host.revoke([revoke(RUN, secretOf(creator), undefined, termsOf(passes[1]).id)])
    await until(a, () => a.present().every(({ peerId }) => peerId !== b.self))
    await until(b, () => b.present().length === 0)
    expect(a.present().map(({ peerId }) => peerId)).toEqual([host.self])
  })
})

describe('a banned peer', () => {
  it('is refused with the reason and the end of its ban, until it is forgiven', async () => {
    const [victimKey, badKey] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
    const kept = new Map<string, unknown>()
    const standings = new Standings(new Map(), (peerId, standing) => { kept.set(peerId, standing) })
    const nonsense = rejection('BAD_MESSAGE', { detail: 'nonsense' })
    const atMs = Date.now()
    for (let fault = 0; fault < 3; fault++) standings.blame(idOf(badKey), nonsense, atMs)
    expect(kept.get(idOf(badKey))).toMatchObject({ bans: 1, code: 'BAD_MESSAGE' })
    const admission = new Admission({ runId: RUN, creator: '', rule: { kind: 'open' } })
    const victim = await start(victimKey, { admission, standings })
    const bad = await startPeer({ privateKey: badKey, bootstrap: victim.addresses() })
    networks.push(bad)
    await until(bad, () => bad.rejected().length > 0)
    expect(bad.rejected()).toMatchObject([{ code: 'BANNED', by: 'them', sentence: expect.stringContaining('nonsense') as string }])
    expect(victim.present()).toEqual([])
    expect(standings.forgive(bad.self)).toBe(true)
    expect(standings.banned(Date.now())).toEqual([])
    const again = await startPeer({ privateKey: await generateKeyPair('Ed25519'), bootstrap: victim.addresses() })
    networks.push(again)
    await fullMesh(victim, again)
  })

  it('is refused by the next life of its victim, which has it from its store', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bans-'))
    const [victimKey, badKey] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
    const admission = new Admission({ runId: RUN, creator: '', rule: { kind: 'open' } })
    const lifeOf = async (live: (victim: SwarmNetwork, standings: Standings) => Promise<void>): Promise<void> => {
      const store = await LevelStore.open(folder, RUN, warning => { throw new Error(warning) })
      const trust = store.trust()
      const standings = new Standings(await trust.standings(), (peerId, standing) => { trust.keepStanding(peerId, standing) })
      const victim = await startPeer({ privateKey: victimKey, door: { admission, standings, pass: undefined } })
      try {
        await live(victim, standings)
      } finally {
        await victim.stop()
        await store.close()
      }
    }
    try {
      await lifeOf(async (victim, standings) => {
        const bad = await startPeer({ privateKey: badKey, bootstrap: victim.addresses() })
        networks.push(bad)
        await fullMesh(victim, bad)
        for (let fault = 0; fault < 3; fault++) standings.blame(bad.self, rejection('BAD_MESSAGE', { detail: 'nonsense' }), Date.now())
        await bad.stop()
      })
      await lifeOf(async victim => {
        const bad = await startPeer({ privateKey: badKey, bootstrap: victim.addresses() })
        networks.push(bad)
        await until(bad, () => bad.rejected().length > 0)
        expect(bad.rejected()).toMatchObject([{ code: 'BANNED', by: 'them' }])
        expect(victim.present()).toEqual([])
      })
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    }
  })
})
