import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'
import type { Finished } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let home: string
let manifest: string

beforeAll(async () => {
  folder = await temporaryFolder()
  home = join(folder.path, 'home')
  manifest = join(folder.path, 'evening.run')
  expect(await shoal(['run', 'create', '--name', 'evening', '--steps', '0', '--every', '5', '--method', 'solo', '--output', manifest, '--data-dir', home])).toMatchObject({ code: 0 })
})
afterAll(async () => folder.remove())

/** What a person sees of a refusal: three lines and an exit code. */
function expectRefusal ({ code, stderr }: Finished, exitCode: number, errorCode: string, ...words: readonly string[]): void {
  const lines = stderr.trimEnd().split('\n').slice(-3)
  expect(lines[0]).toMatch(/^error: /)
  expect(lines[1]).toMatch(/^ {2}why: /)
  expect(lines[2]).toMatch(/^ {2}try: /)
  expect(stderr).toContain(`[${errorCode}]`)
  for (const word of words) expect(stderr).toContain(word)
  expect(code).toBe(exitCode)
}

describe('the command line', () => {
  it('helps with every command, each with an example', async () => {
    const top = await shoal(['--help'])
    expect(top).toMatchObject({ code: 0, stderr: '' })
    for (const command of ['init', 'join', 'status', 'peers', 'stop', 'invite', 'sample', 'eval', 'run create', 'run show', 'testnet run', 'testnet up']) {
      const help = await shoal([...command.split(' '), '--help'])
      expect(help.code, command).toBe(0)
      expect(help.stdout, command).toContain('Example:\n  shoal ')
      expect(help.stdout, command).toContain('--json')
    }
  })

  it('makes an identity once', async () => {
    const first = JSON.parse((await shoal(['init', '--json', '--data-dir', home])).stdout) as { peerId: string }
    const second = JSON.parse((await shoal(['init', '--json', '--data-dir', home])).stdout) as { peerId: string }
    expect(second.peerId).toBe(first.peerId)
  })

  it('writes a manifest and shows it', async () => {
    const shown = await shoal(['run', 'show', manifest, '--json'])
    expect(shown.code).toBe(0)
    expect(JSON.parse(shown.stdout)).toMatchObject({ version: 1, manifest: { name: 'evening', method: { everySteps: 5 } } })
  })
})

describe('bad input', () => {
  it('in a command or flag is refused with what was meant', async () => {
    expectRefusal(await shoal(['joni']), 2, 'USAGE', 'join')
    expectRefusal(await shoal(['status', '--jsno']), 2, 'USAGE', '--json')
    expectRefusal(await shoal(['join']), 2, 'USAGE', 'run')
    expectRefusal(await shoal(['testnet', 'run', '--peers', 'many']), 2, 'USAGE', '--peers')
    expectRefusal(await shoal(['testnet', 'run', '--method', 'nolocos']), 2, 'METHOD_UNSUPPORTED', 'noloco')
    expectRefusal(await shoal(['testnet', 'run', '--codec', 'int9(64)']), 2, 'CODEC_SPEC')
  })

  it('in JSON mode is refused as a document', async () => {
    const { code, stderr } = await shoal(['status', '--json', '--data-dir', join(folder.path, 'nobody')])
    expect(code).toBe(3)
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'DAEMON_UNREACHABLE' } })
  })

  it('in an invite or manifest is refused, and nothing is made of it', async () => {
    expectRefusal(await shoal(['join', 'shoal1abc', '--data-dir', home]), 2, 'INVITE_INVALID')
    const damaged = await readFile(manifest)
    damaged[100] = (damaged[100] ?? 0) ^ 1
    await writeFile(join(folder.path, 'damaged.run'), damaged)
    expectRefusal(await shoal(['join', join(folder.path, 'damaged.run'), '--data-dir', home]), 2, 'MANIFEST_SIGNATURE')
    expectRefusal(await shoal(['join', 'no-such-run', '--data-dir', home]), 2, 'USAGE')
  })

  it('in the config file is refused with its line', async () => {
    const directory = join(folder.path, 'configured')
    await mkdir(directory)
    await writeFile(join(directory, 'config.toml'), 'waitFro = 2\n')
    expectRefusal(await shoal(['join', manifest, '--data-dir', directory]), 2, 'CONFIG_INVALID', 'line 1', 'waitFor')
  })

  it('of a data directory that is a file, or whose identity is damaged, changes nothing', async () => {
    await writeFile(join(folder.path, 'file'), 'mine')
    expectRefusal(await shoal(['join', manifest, '--data-dir', join(folder.path, 'file')]), 1, 'DATA_DIRECTORY_UNWRITABLE')
    expect(await readFile(join(folder.path, 'file'), 'utf8')).toBe('mine')
    const directory = join(folder.path, 'damaged')
    await mkdir(directory)
    await writeFile(join(directory, 'identity.key'), 'nonsense')
    expectRefusal(await shoal(['join', manifest, '--data-dir', directory]), 1, 'STORE_CORRUPT', 'identity.key')
    expect(await readFile(join(directory, 'identity.key'), 'utf8')).toBe('nonsense')
  })

  it('of a port in use is refused', async () => {
    const server = createServer()
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    const { port } = server.address() as AddressInfo
    const directory = join(folder.path, 'port')
    expectRefusal(await shoal(['join', manifest, '--data-dir', directory, '--listen', `/ip4/127.0.0.1/tcp/${port}`]), 1, 'PORT_IN_USE', String(port))
    await new Promise(resolve => { server.close(resolve) })
  })
})

describe('a running peer', () => {
  it('answers while it trains, keeps others off its directory, and stops when asked', async () => {
    const peer = new ShoalProcess(['join', manifest, '--json', '--data-dir', home, '--listen', '/ip4/127.0.0.1/tcp/0'])
    await peer.event('round', ({ record }) => record.round >= 2)
    const status = JSON.parse((await shoal(['status', '--json', '--data-dir', home])).stdout) as Record<string, unknown>
    expect(status).toMatchObject({ version: 1, run: { name: 'evening' }, peers: { present: 0, training: 0 } })
    expect((await shoal(['status', '--data-dir', home])).stdout).toContain('run evening')
    expect((await shoal(['invite', '--data-dir', home])).stdout).toMatch(/^npx shoal join shoal1\w+\n$/)
    expect(JSON.parse((await shoal(['peers', '--json', '--data-dir', home])).stdout)).toEqual({ version: 1, connected: [], rejected: [], banned: [] })
    expectRefusal(await shoal(['join', manifest, '--data-dir', home]), 7, 'DATA_DIRECTORY_LOCKED')
    expect(await shoal(['stop', '--data-dir', home])).toMatchObject({ code: 0 })
    expect(await peer.finished).toMatchObject({ code: 0 })
    const sample = await shoal(['sample', 'We the people', '--tokens', '20', '--json', '--data-dir', home])
    expect(JSON.parse(sample.stdout)).toMatchObject({ version: 1, prompt: 'We the people' })
    expect(JSON.parse((await shoal(['eval', '--json', '--data-dir', home])).stdout)).toMatchObject({ version: 1, gzipBitsPerCharacter: expect.closeTo(2.9, 0) as number })
  })
})
