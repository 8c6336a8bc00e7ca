import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shoal, ShoalProcess, temporaryFolder } from '../support/shoal-process.ts'

const TIMEOUT_MS = 900_000
const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0']

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const lives: ShoalProcess[] = []
beforeEach(async () => { folder = await temporaryFolder() })
afterEach(async () => {
  for (const life of lives) life.kill('SIGKILL')
  await Promise.all(lives.splice(0).map(async life => life.finished))
  await folder.remove()
})

function joined (name: string, source: string, more: readonly string[] = [], environment: Record<string, string> = {}): ShoalProcess {
  const life = new ShoalProcess(['join', source, '--json', '--shard', '1', ...LISTEN, ...more, '--data-dir', join(folder.path, name)], environment)
  lives.push(life)
  return life
}

async function runOf (...words: readonly string[]): Promise<string> {
  const manifest = join(folder.path, 'evening.run')
  const { code, stderr } = await shoal(['run', 'create', '--name', 'evening', '--batch', '1', '--output', manifest, '--data-dir', join(folder.path, 'host'), ...words])
  expect(code, stderr).toBe(0)
  return manifest
}

test('a run that admits by pass lets in whoever was invited, and refuses whoever was not with the same sentence on both sides', async () => {
  const manifest = await runOf('--steps', '0', '--every', '5', '--admit', 'invited')
  const host = joined('host', manifest)
  const { addresses, peerId } = await host.event('started')
  const stranger = joined('stranger', manifest, ['--bootstrap', addresses[0]!])
  const refused = await stranger.event('peer-rejected', event => event.peerId === peerId)
  expect(refused).toMatchObject({ code: 'NOT_ADMITTED', by: 'them' })
  expect(await host.event('peer-rejected')).toMatchObject({ code: 'NOT_ADMITTED', by: 'us', sentence: refused.sentence })
  const { stdout, code } = await shoal(['invite', '--json', '--data-dir', join(folder.path, 'host')])
  expect(code).toBe(0)
  const { invite } = JSON.parse(stdout) as { readonly invite: string }
  const guest = joined('guest', invite)
  expect(await guest.event('peer-joined')).toMatchObject({ peerId })
  await host.event('peer-joined')
  stranger.kill('SIGINT')
  const { stderr } = await stranger.finished
  expect(stderr).not.toMatch(/^ {4}at /m)
}, TIMEOUT_MS)

test('a joiner whose trainer is dead heeds Ctrl-C', async () => {
  const marker = join(folder.path, 'die')
  const preload = join(folder.path, 'mortal.mjs')
  // every thread of the process loads this: all but the first end once the marker is there, as a fault in them would
  await writeFile(preload, `
import { existsSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
if (!isMainThread) setInterval(() => { if (existsSync(${JSON.stringify(marker)})) process.exit(1) }, 20)
`)
  const host = joined('host', await runOf('--method', 'fedkseed', '--steps', '2000'))
  const { invite } = await host.event('started')
  const joiner = joined('joiner', invite, [], { NODE_OPTIONS: `--import=${preload}` })
  await joiner.event('started')
  await writeFile(marker, '')
  joiner.kill('SIGINT')
  const { code, stderr } = await joiner.finished
  expect([0, 1]).toContain(code)
  expect(stderr).not.toMatch(/^ {4}at /m)
}, TIMEOUT_MS)
