import { readFileSync } from 'node:fs'
import { hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, it } from 'vitest'
import { hexOf, VECTORS } from './vectors.ts'

const README = readFileSync(new URL('../../protocols/README.md', import.meta.url), 'utf8')
const documented = new Map([...README.matchAll(/^\| ([^|`]+) \| `([0-9a-f]+)` \|$/gm)].map(([, name, hex]) => [name, hex]))

describe('the wire specification', () => {
  it.each(VECTORS.map(vector => [vector.name, vector] as const))('%s is encoded and decoded as the README shows', (name, vector) => {
    const hex = documented.get(name)!
    expect(hexOf(vector)).toBe(hex)
    expect(vector.decode(hexToBytes(hex))).toEqual(vector.value)
  })

  it('shows nothing else', () => {
    expect([...documented.keys()]).toEqual(VECTORS.map(({ name }) => name))
  })
})
