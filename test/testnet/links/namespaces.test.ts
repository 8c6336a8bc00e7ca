import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { inNamespace } from '../../../testnet/links/ip-command.ts'
import { namespaceAbilities } from '../../../testnet/links/namespace-abilities.ts'
import { removeLeftovers } from '../../../testnet/links/namespace-leftovers.ts'
import { NamespacedLinks } from '../../../testnet/links/namespaced-links.ts'
import { Namespaces } from '../../../testnet/links/namespaces.ts'
import { UNSHAPED } from '../../../testnet/links/path.ts'

const { refusal, ...abilities } = await namespaceAbilities()
const skipped = refusal === undefined ? '' : ` (skipped: ${refusal})`
const PLAIN = { lines: [], hasRoutes: false, hasResets: false }

describe.skipIf(refusal !== undefined)(`lines between namespaces${skipped}`, () => {
  it('reach each other over a limited veth, become another when told to, and leave nothing behind', async () => {
    const namespaces = new Namespaces({ refusal, ...abilities })
    const [near, far] = await Promise.all([namespaces.open({ ...UNSHAPED, up: 125_000 }), namespaces.open(UNSHAPED)])
    try {
      expect(inside(near.name, 'ip', 'route', 'get', far.address)).toContain(`src ${near.address}`)
      expect(inside(near.name, 'tc', 'qdisc', 'show')).toContain('rate 1Mbit')
      await namespaces.shape(near.name, { ...UNSHAPED, up: 250_000 })
      expect(inside(near.name, 'tc', 'qdisc', 'show')).toContain('rate 2Mbit')
    } finally {
      await namespaces.close()
    }
    expect(ip('netns', 'list')).not.toContain(near.name)
  })

  it.skipIf(abilities.hasDelays)(`say that this kernel cannot delay${abilities.hasDelays ? ' (skipped: it can)' : ''}`, async () => {
    const namespaces = new Namespaces({ refusal, ...abilities })
    await expect(namespaces.open({ ...UNSHAPED, delay: 5 })).rejects.toThrow('netem')
    await namespaces.close()
  })

  it('are cut by a partition and a stall, and whole again after both', async () => {
    const links = await NamespacedLinks.create(1, PLAIN)
    const namespaceOf = new Map<string, string>()
    const addressOf = new Map<string, string>()
    try {
      for (const name of ['A', 'B', 'C', 'D']) {
        const { launcher, listen, gateway } = await links.open(name, UNSHAPED)
        expect(gateway).toBeUndefined()
        namespaceOf.set(name, launcher.at(-1) ?? '')
        addressOf.set(name, listen.split('/')[2] ?? '')
      }
      const reachesFromA = async (...names: readonly string[]): Promise<boolean[]> => Promise.all(names.map(async name => answers(namespaceOf.get('A') ?? '', addressOf.get(name) ?? '')))
      const release = links.book.stall('D')
      links.book.partition([['A', 'B', 'D'], ['C']])
      await links.settled()
      expect(await reachesFromA('B', 'C', 'D')).toEqual([true, false, false])
      links.book.heal()
      release()
      await links.settled()
      expect(await reachesFromA('B', 'C', 'D')).toEqual([true, true, true])
    } finally {
      await links.close()
    }
  })

  it('are the proxy’s where the kernel lacks something, which is said', async () => {
    const links = await NamespacedLinks.create(1, { ...PLAIN, hasRoutes: true })
    try {
      expect(links.about).toContain('routes between groups')
      expect((await links.open('A', UNSHAPED)).gateway).toMatch(/^10\.213\.\d+\.254:\d+$/)
    } finally {
      await links.close()
    }
  })

  it('are taken away by the next testnet when their maker was ended by force, with who lives in them', async () => {
    const maker = spawn('true')
    await once(maker, 'exit')
    const name = `shoal-${maker.pid ?? 0}-0-1`
    const somebodyElses = `shoal-${maker.pid ?? 0}-demo`
    ip('netns', 'add', somebodyElses)
    try {
      ip('netns', 'add', name)
      const [program, ...words] = [...inNamespace(name), 'sh', '-c', 'echo inside; exec sleep 600']
      const orphan = spawn(program, words)
      await once(orphan.stdout, 'data')
      await removeLeftovers()
      expect(ip('netns', 'list')).not.toContain(name)
      expect(ip('netns', 'list')).toContain(somebodyElses)
      if (orphan.exitCode === null && orphan.signalCode === null) await once(orphan, 'exit')
      expect(orphan.signalCode).toBe('SIGKILL')
    } finally {
      ip('netns', 'del', somebodyElses)
    }
  })

  it('tell once of what the kernel refused, and are all taken away whatever has become of one', async () => {
    const links = await NamespacedLinks.create(1, PLAIN)
    const [gone = '', other = ''] = await Promise.all(['A', 'B'].map(async name => (await links.open(name, UNSHAPED)).launcher.at(-1)))
    ip('netns', 'del', gone)
    links.book.shape('A', { ...UNSHAPED, up: 125_000 })
    await expect(links.settled()).rejects.toThrow(gone)
    await links.settled()
    await expect(links.close()).rejects.toThrow(gone)
    expect(ip('netns', 'list')).not.toContain(other.slice(0, -1))
  })
})

function ip (...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8' })
}

function inside (name: string, ...words: readonly string[]): string {
  return ip('netns', 'exec', name, ...words)
}

/** Whether a knock at a closed door is refused, rather than heard by nobody. */
async function answers (namespace: string, address: string): Promise<boolean> {
  const [program, ...words] = [...inNamespace(namespace), process.execPath, '-e', `require('node:net').connect(9, '${address}').on('error', ({ code }) => console.log(code))`]
  const knock = spawn(program, words)
  return (await text(knock.stdout)).trim() === 'ECONNREFUSED'
}
