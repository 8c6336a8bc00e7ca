import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { base58btc } from 'multiformats/bases/base58'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AdmissionSpec } from '../../../src/manifest/admission-schema.ts'
import { formatInvite, parseInvite } from '../../../src/manifest/invite.ts'
import { Admission } from '../../../src/membership/admission.ts'
import { issuePass, NEVER_S, PASS_BYTES, readShownPass, showPass, termsOf } from '../../../src/membership/pass.ts'
import { publicKeyOf } from '../../../src/membership/peer-key.ts'
import { isSigned, revoke } from '../../../src/membership/revocation.ts'

const RUN = 'ab'.repeat(32)
const secretOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)
const keyOf = (number: number): string => bytesToHex(ed25519.getPublicKey(secretOf(number)))
const idOf = (number: number): string => base58btc.baseEncode(hexToBytes(`002408011220${keyOf(number)}`))

const [CREATOR, ISSUER, PEER, OTHER] = [1, 2, 3, 4]
const SEED = secretOf(9)

function door (rule: AdmissionSpec): Admission {
  return new Admission({ runId: RUN, creator: keyOf(CREATOR), rule })
}

const byPass = (): Admission => door({ kind: 'invited', issuers: [keyOf(ISSUER)] })
const shownBy = (peer: number, { issuer = ISSUER, expiresS = NEVER_S, run = RUN } = {}): Uint8Array => showPass(issuePass(run, secretOf(issuer), SEED, expiresS), RUN, idOf(peer))

describe('an id of a peer', () => {
  it('spells out its key', () => {
    expect(idOf(PEER)).toMatch(/^12D3KooW/)
    expect(publicKeyOf(idOf(PEER))).toBe(keyOf(PEER))
    for (const other of ['', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', `${idOf(PEER)}1`, '12D3KooW0']) expect(publicKeyOf(other)).toBeUndefined()
  })
})

describe('who may take part', () => {
  it('everybody in an open run, whom the manifest lists in a listed one, and always the creator', () => {
    expect(door({ kind: 'open' }).refusal(idOf(PEER), undefined, 0)).toBeUndefined()
    const listed = door({ kind: 'listed', peers: [idOf(PEER)] })
    expect([CREATOR, PEER, OTHER].map(peer => listed.refusal(idOf(peer), undefined, 0))).toEqual([undefined, undefined, expect.stringContaining('not among them')])
    expect([CREATOR, PEER, OTHER].map(peer => listed.bars(idOf(peer)))).toEqual([false, false, true])
    expect([CREATOR, OTHER].map(peer => byPass().bars(idOf(peer)))).toEqual([false, false])
  })

  it('whoever shows a pass of an issuer, until it ends', () => {
    expect(byPass().refusal(idOf(PEER), undefined, 0)).toContain('showed none')
    expect(byPass().refusal(idOf(ISSUER), undefined, 0)).toBeUndefined()
    for (const issuer of [CREATOR, ISSUER]) expect(byPass().refusal(idOf(PEER), shownBy(PEER, { issuer }), 0)).toBeUndefined()
    expect(byPass().refusal(idOf(PEER), shownBy(PEER, { issuer: OTHER }), 0)).toContain('may not issue')
    const ending = shownBy(PEER, { expiresS: 100 })
    expect(byPass().refusal(idOf(PEER), ending, 99)).toBeUndefined()
    for (const [nowS, ago] of [[100, 'a moment ago'], [219, 'a moment ago'], [220, '2 minutes ago'], [7300, '2 hours ago'], [1e6 + 100, '11 days ago']] as const) {
      expect(byPass().refusal(idOf(PEER), ending, nowS)).toContain(`ended ${ago}`)
    }
  })

  it('a pass that another peer showed, of another run, or changed in any bit, lets nobody in', () => {
    expect(byPass().refusal(idOf(OTHER), shownBy(PEER), 0)).toContain('another peer’s')
    expect(byPass().refusal(idOf(PEER), shownBy(PEER, { run: 'cd'.repeat(32) }), 0)).toContain('forged')
    const shown = shownBy(PEER)
    fc.assert(fc.property(fc.nat(8 * shown.length - 1), bit => {
      const changed = shown.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ 1 << (bit & 7)
      expect(readShownPass(changed, RUN, idOf(PEER))).toBeUndefined()
    }), { numRuns: 20 })
  })

  it('nobody whose pass or id an issuer has taken back; an older or a forged list changes nothing', () => {
    const { id } = termsOf(issuePass(RUN, secretOf(ISSUER), SEED, NEVER_S))
    const admission = byPass()
    const first = revoke(RUN, secretOf(ISSUER), undefined, id)
    const second = revoke(RUN, secretOf(ISSUER), first, idOf(OTHER))
    expect(admission.learn({ ...second, revoked: [] })).toBe(false)
    expect(admission.learn(revoke(RUN, secretOf(OTHER), undefined, id))).toBe(false)
    expect(admission.learn(revoke('cd'.repeat(32), secretOf(ISSUER), undefined, id))).toBe(false)
    expect(admission.refusal(idOf(PEER), shownBy(PEER), 0)).toBeUndefined()
    expect(admission.learn(second)).toBe(true)
    expect(admission.learn(first)).toBe(false)
    expect(admission.refusal(idOf(PEER), shownBy(PEER), 0)).toContain(`pass ${id} has been revoked`)
    expect(admission.refusal(idOf(OTHER), showPass(issuePass(RUN, secretOf(ISSUER), secretOf(8), NEVER_S), RUN, idOf(OTHER)), 0)).toContain('taken back')
    expect(isSigned(RUN, second)).toBe(true)
  })
})

describe('an invite', () => {
  const address = `/ip4/10.0.0.1/tcp/4001/p2p/${idOf(PEER)}`

  it('carries a pass', () => {
    const pass = issuePass(RUN, secretOf(ISSUER), SEED, 1_900_000_000)
    const read = parseInvite(formatInvite({ runId: RUN, addresses: [address], pass }))
    expect(read).toEqual({ runId: RUN, addresses: [address], pass })
    expect(pass).toHaveLength(PASS_BYTES)
    expect(termsOf(pass)).toEqual({ id: expect.stringMatching(/^[0-9a-f]{16}$/) as string, expiresS: 1_900_000_000, issuer: keyOf(ISSUER) })
    expect(parseInvite(formatInvite({ runId: RUN, addresses: [address] }))).toEqual({ runId: RUN, addresses: [address] })
  })

  it('is refused with a pass that was cut', () => {
    expect(() => parseInvite(formatInvite({ runId: RUN, addresses: [address], pass: new Uint8Array(5) }))).toThrow('cannot be read')
  })
})
