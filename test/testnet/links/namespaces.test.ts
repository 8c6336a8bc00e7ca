import { describe, expect, it } from 'vitest'
import { execFileSync } from 'node:child_process'
import { namespaceAbilities, Namespaces } from '../../../testnet/links/namespaces.ts'
import { UNSHAPED } from '../../../testnet/links/path.ts'

const abilities = await namespaceAbilities()

describe('lines between namespaces', () => {
  it.skipIf(abilities.refusal !== undefined)(`reach each other over a limited veth, and leave nothing behind${abilities.refusal === undefined ? '' : ` (skipped: ${abilities.refusal})`}`, async () => {
    const namespaces = new Namespaces(abilities)
    const [near, far] = [await namespaces.open({ ...UNSHAPED, up: 125_000 }), await namespaces.open(UNSHAPED)]
    try {
      expect(execFileSync('ip', ['netns', 'exec', near.name, 'ip', 'route', 'get', far.address], { encoding: 'utf8' })).toContain(`src ${near.address}`)
      expect(execFileSync('ip', ['netns', 'exec', near.name, 'tc', 'qdisc', 'show'], { encoding: 'utf8' })).toContain('rate 1Mbit')
    } finally {
      await namespaces.close()
    }
    expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).not.toContain(near.name)
  })

  it.skipIf(abilities.refusal !== undefined || abilities.hasDelays)(`say that this kernel cannot delay${abilities.hasDelays ? ' (skipped: it can)' : ''}`, async () => {
    const namespaces = new Namespaces(abilities)
    await expect(namespaces.open({ ...UNSHAPED, delay: 5 })).rejects.toThrow('netem')
    await namespaces.close()
  })
})
