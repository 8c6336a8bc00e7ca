import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShoalError } from '../../../src/errors.ts'
import { PASS_BYTES } from '../../../src/membership/pass.ts'
import { formatInvite, looksLikeInvite, parseInvite } from '../../../src/manifest/invite.ts'

const invite = {
  runId: 'ab'.repeat(32),
  addresses: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWGzh5', '/ip4/192.168.1.5/tcp/4001/p2p/12D3KooWGzh5']
}

describe('an invite', () => {
  it('is one word that reads back', () => {
    const word = formatInvite(invite)
    expect(word).toMatch(/^shoal1[1-9A-HJ-NP-Za-km-z]+$/)
    expect(looksLikeInvite(word)).toBe(true)
    expect(parseInvite(`  ${word}\n`)).toEqual(invite)
  })

  it('may hold a pass and the key of a private network, and name no address', () => {
    const full = { ...invite, pass: new Uint8Array(PASS_BYTES).fill(1), networkKey: new Uint8Array(32) }
    expect(parseInvite(formatInvite(full))).toEqual(full)
    const bare = { runId: invite.runId, addresses: [], networkKey: new Uint8Array(32).fill(1) }
    expect(parseInvite(formatInvite(bare))).toEqual(bare)
    expect(() => parseInvite(formatInvite({ ...invite, networkKey: new Uint8Array(31) }))).toThrow(ShoalError)
  })

  it('is refused when letters are missing or changed', () => {
    const word = formatInvite(invite)
    fc.assert(fc.property(fc.nat(word.length - 1), fc.constantFrom('1', 'z', ''), (index, letter) => {
      const damaged = word.slice(0, index) + letter + word.slice(index + 1)
      if (damaged !== word) expect(() => parseInvite(damaged)).toThrow(ShoalError)
    }))
  })

  it('is refused, never crashing, for any word', () => {
    fc.assert(fc.property(fc.string(), word => {
      expect(() => parseInvite(`shoal1${word}`)).toThrow(ShoalError)
    }))
  })
})
