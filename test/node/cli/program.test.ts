import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { action } from '../../../node/cli/command.ts'
import type { CommandModule, Invocation } from '../../../node/cli/command.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { ShoalError } from '../../../src/errors.ts'

const invocations: Invocation[] = []
let loads = 0
let written: { stdout: string, stderr: string }

function command (name: string, parts: Partial<CommandModule> = {}, run?: () => Promise<number | undefined>): CommandModule {
  return {
    name,
    summary: `does ${name}`,
    group: 'Run',
    example: `shoal ${name} --json`,
    configure: () => undefined,
    load: () => {
      loads++
      return Promise.resolve(action<Record<string, unknown>>(async invocation => {
        invocations.push(invocation)
        return run?.()
      }))
    },
    ...parts
  }
}

const commands: readonly CommandModule[] = [
  command('join', { group: 'Start', configure: it => { it.argument('<run>').option('--shard <number>') } }),
  command('run create', { configure: it => { it.requiredOption('--name <name>') } }),
  command('run show'),
  command('check', {}, () => Promise.resolve(6)),
  command('lock', {}, () => Promise.reject(new ShoalError({ code: 'DATA_DIRECTORY_LOCKED', what: 'it is in use', why: 'by 7', tryThis: 'shoal stop' }))),
  command('crash', {}, () => Promise.reject(new TypeError('x is undefined')))
]

const shoal = async (...words: string[]): Promise<number> => runProgram(commands, words, { name: 'shoal', version: '1.2.3', description: 'trains together' })

beforeEach(() => {
  invocations.length = 0
  loads = 0
  written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      written[stream] += String(text)
      return true
    })
  }
})

afterEach(() => { vi.restoreAllMocks() })

describe('the command line', () => {
  it('runs a command with its arguments and options', async () => {
    expect(await shoal('join', 'shoal1abc', '--shard', '2', '--json', '--data-dir', '/d')).toBe(0)
    expect(invocations[0]?.arguments).toEqual(['shoal1abc'])
    expect(invocations[0]?.options).toMatchObject({ shard: '2', json: true, dataDir: '/d', verbose: false, color: true })
  })

  it('runs nested commands', async () => {
    expect(await shoal('run', 'create', '--name', 'evening')).toBe(0)
    expect(invocations[0]?.options).toMatchObject({ name: 'evening' })
  })

  it.each([
    [['--json', '--data-dir', '/d', 'run', 'create', '--name', 'x']],
    [['--data-dir=/d', 'run', '--json', 'create', '--name', 'x']],
    [['run', '--data-dir', '/else', 'create', '--name', 'x', '--json', '--data-dir', '/d']]
  ])('takes common options before the command too: %j', async words => {
    expect(await shoal(...words)).toBe(0)
    expect(invocations[0]?.options).toMatchObject({ name: 'x', json: true, dataDir: '/d', color: true, verbose: false })
  })

  it('heeds --no-color and --verbose before the command, errors included', async () => {
    expect(await shoal('--no-color', '--verbose', 'check')).toBe(6)
    expect(invocations[0]?.options).toMatchObject({ color: false, verbose: true, json: false })
    expect(await shoal('--data-dir', '/d', '--json', 'join')).toBe(2)
    expect(JSON.parse(written.stderr)).toMatchObject({ error: { code: 'USAGE', try: 'shoal join --help' } })
  })

  it('returns the exit code of the command', async () => {
    expect(await shoal('check')).toBe(6)
  })

  it.each([['--help'], ['join', '--help'], ['help'], ['help', 'join'], ['help', 'run', 'create'], ['help', 'run'], ['run', 'create', '--help'], ['--version']])('answers %s %s without loading a command', async (...words) => {
    expect(await shoal(...words)).toBe(0)
    expect(loads).toBe(0)
    expect(written.stdout).not.toBe('')
    expect(written.stderr).toBe('')
  })

  it.each([[[], 'join'], [['run'], 'create']])('%j alone shows what there is', async (words, name) => {
    expect(await shoal(...words)).toBe(0)
    expect(written.stdout).toContain(name)
    expect(written.stderr).toBe('')
  })

  it('groups its commands and lists the exit codes in the help', async () => {
    await shoal('--help')
    expect(written.stdout).toMatch(/Start:\n {2}join/)
    expect(written.stdout).toContain('Run:')
    expect(written.stdout).toContain('Exit codes:')
    expect(written.stdout).toMatch(/Run:\n {2}run +create, show\n/)
  })

  it.each([
    [['help', 'run', 'create']],
    [['--data-dir', 'x', 'help', 'run', 'create']],
    [['--data-dir=x', '--json', 'help', 'run', '--data-dir', 'help', 'create']],
    [['--data-dir', 'help', 'help', 'run', 'create', '--no-color']]
  ])('tells of one command where help is asked about it: %j', async words => {
    expect(await shoal(...words)).toBe(0)
    expect(written.stdout).toContain('Usage: shoal run create [options]')
    expect(written.stdout).toContain('--name <name>')
  })

  it('takes a data directory that is called help for no question', async () => {
    expect(await shoal('--data-dir', 'help', 'check')).toBe(6)
    expect(invocations[0]?.options).toMatchObject({ dataDir: 'help' })
  })

  it('goes by its own name in what it tells', async () => {
    const liar = async (...words: string[]): Promise<number> => runProgram(commands, words, { name: 'node liar.js', version: '1.2.3', description: 'lies' })
    await liar('--help')
    await liar('join', '--help')
    expect(written.stdout).toContain('Usage: node liar.js [options]')
    expect(written.stdout).toContain('Usage: node liar.js join [options]')
    for (const words of [['join'], ['fly'], ['help', 'fly'], ['join', 'x', '--wrong']]) expect(await liar(...words)).toBe(2)
    expect(written.stderr).toContain('try: node liar.js join --help')
    expect(written.stderr).toContain('try: node liar.js --help')
    expect(written.stderr).not.toContain('shoal')
  })

  it('ends each command\'s help with its example', async () => {
    await shoal('run', 'create', '--help')
    expect(written.stdout.trimEnd().endsWith('Example:\n  shoal run create --json')).toBe(true)
  })

  it.each([
    [['jion', 'x'], 'join'],
    [['join', 'x', '--shrad', '2'], '--shard'],
    [['run', 'shwo'], 'show'],
    [['run', 'fly'], 'shoal run --help'],
    [['help', 'fly'], 'shoal --help'],
    [['help', 'run', 'fly'], 'shoal run --help'],
    [['--data-dir', 'x', 'help', 'run', 'fly'], 'shoal run --help'],
    [['help', 'join', 'foo'], 'shoal join --help'],
    [['help', 'run', 'create', 'foo'], 'shoal run create --help'],
    [['run', '--data-dir', 'x', 'create'], 'shoal run create --help']
  ])('%j is a usage error that names what was meant', async (words, meant) => {
    expect(await shoal(...words)).toBe(2)
    expect(written.stdout).toBe('')
    const lines = written.stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain(meant)
    expect(lines[2]).toContain('[USAGE]')
    expect(loads).toBe(0)
  })

  it.each([[['join']], [['join', 'a', 'b']], [['run', 'create']], [['join', 'a', '--shard']], [['--nonsense']]])('%j is a usage error', async words => {
    expect(await shoal(...words)).toBe(2)
    expect(written.stderr.trimEnd().split('\n')).toHaveLength(3)
    expect(loads).toBe(0)
  })

  it.each([
    [['join'], 'shoal join cannot do without it'],
    [['run', 'create'], 'shoal run create cannot do without it'],
    [['join', 'a', 'b'], 'shoal join does not take this'],
    [['--nonsense'], 'shoal does not take this'],
    [['fly'], 'shoal has no command of that name'],
    [['run', 'fly'], 'shoal run has no command of that name'],
    [['help', 'run', 'fly'], 'shoal run has no command of that name']
  ])('%j: says why', async (words, why) => {
    await shoal(...words)
    expect(written.stderr.split('\n')[1]).toBe(`  why: ${why}`)
  })

  it('tells usage errors in JSON where JSON was asked for', async () => {
    expect(await shoal('join', '--json')).toBe(2)
    expect(JSON.parse(written.stderr)).toMatchObject({ error: { code: 'USAGE' } })
  })

  it('maps what a command throws to its exit code', async () => {
    expect(await shoal('lock')).toBe(7)
    expect(written.stderr).toContain('[DATA_DIRECTORY_LOCKED]')
    written.stderr = ''
    expect(await shoal('crash')).toBe(1)
    expect(written.stderr).toContain('[INTERNAL]')
    expect(written.stderr).not.toContain('    at ')
    expect(await shoal('crash', '--verbose')).toBe(1)
    expect(written.stderr).toContain('TypeError: x is undefined\n    at ')
  })
})
