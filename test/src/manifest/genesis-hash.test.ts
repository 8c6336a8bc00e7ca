import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkGenesis, genesisHash } from '../../../src/manifest/genesis-hash.ts'

describe('the hash of genesis weights', () => {
  it('is SHA-256 of fp32 little-endian, over pieces too', () => {
    const weights = Float32Array.from({ length: (1 << 18) + 7 }, (_, index) => Math.fround(Math.sin(index)))
    const bytes = Buffer.alloc(4 * weights.length)
    weights.forEach((value, index) => bytes.writeFloatLE(value, 4 * index))
    expect(genesisHash(weights)).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it('refuses other weights at the start, says both hashes, and cannot judge trained ones', () => {
    const weights = Float32Array.of(1, 2, 3)
    const run = { name: 'tuned', genesis: { sha256: genesisHash(weights) } }
    expect(() => { checkGenesis(run, 0, weights) }).not.toThrow()
    const other = Float32Array.of(1, 2, 4)
    expect(() => { checkGenesis(run, 0, other) }).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE', why: expect.stringContaining(genesisHash(other).slice(0, 12)) as string }) as unknown)
    expect(() => { checkGenesis(run, 1, other) }).not.toThrow()
    expect(() => { checkGenesis({ name: 'seeded' }, 0, other) }).not.toThrow()
  })
})
