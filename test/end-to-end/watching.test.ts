import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StampedEvent } from '../../src/events.ts'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/testnet/shoal.js', import.meta.url))

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let home: string
beforeAll(async () => {
  folder = await temporaryFolder()
  home = join(folder.path, 'home')
  expect(await shoal(['run', 'create', '--name', 'evening', '--steps', '0', '--every', '5', '--method', 'solo', '--data-dir', home])).toMatchObject({ code: 0 })
})
afterAll(async () => folder.remove())

const ask = async (...words: string[]): ReturnType<typeof shoal> => shoal([...words, '--data-dir', home])
const answer = async (...words: string[]): Promise<Record<string, unknown>> => JSON.parse((await ask(...words, '--json')).stdout) as Record<string, unknown>
const daemon = (...words: string[]): ShoalProcess => new ShoalProcess(['daemon', '--json', '--data-dir', home, '--listen', '/ip4/127.0.0.1/tcp/0', ...words])
const numbersOf = (lines: string): number[] => lines.trim().split('\n').map(line => (JSON.parse(line) as StampedEvent).sequence)

/** Runs a program on a terminal of its own; each key is pressed once what comes before it is to be seen. */
async function onTerminal (words: readonly string[], keys: ReadonlyArray<readonly [string, string]>): Promise<string> {
  const command = `stty cols 80 rows 24 && exec ${[process.execPath, PROGRAM, ...words].join(' ')}`
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' } })
  const waiting = [...keys]
  let shown = ''
  child.stdout.on('data', (piece: Buffer) => {
    shown += piece.toString()
    const [next] = waiting
    if (next === undefined || !shown.includes(next[0])) return
    child.stdin.write(next[1])
    waiting.shift()
  })
  await new Promise(resolve => child.once('close', resolve))
  return shown
}

const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).output.join('').includes('util-linux')

describe('a daemon', () => {
  it('refuses to start where there is nothing to go on with', async () => {
    expect(await shoal(['daemon', '--data-dir', join(folder.path, 'nothing')])).toMatchObject({ code: 2, stderr: expect.stringContaining('shoal join <invite>') as string })
  })

  it('goes on with its run, rests when asked, answers all the while, and tells its events again in its next life', async () => {
    const first = daemon()
    await first.event('round', ({ record }) => record.round >= 2)
    expect(await answer('bandwidth')).toMatchObject({ version: 1, promise: '', peers: [] })
    expect((await ask('pause')).stdout).toContain('paused')
    const paused = await answer('status')
    expect(paused).toMatchObject({ phase: 'paused', sentence: expect.stringContaining('shoal resume') as string })
    expect((await ask('status')).stdout).toContain('○ paused')
    expect((await ask('resume')).code).toBe(0)
    const { round } = paused as { round: number }
    await first.event('round', ({ record }) => record.round > round + 1)
    expect(await answer('status')).toMatchObject({ phase: expect.stringMatching(/^(training|averaging|seeking|committing)$/) as string, pausedSinceMs: null })
    // Ended by force, as a power failure would.
    first.kill('SIGKILL')
    await first.finished
    const { code, stderr } = await ask('status')
    expect([code, stderr]).toEqual([3, expect.stringContaining('[DAEMON_UNREACHABLE]') as string])

    const second = daemon()
    const started = await second.event('started')
    const events = new ShoalProcess(['events', '--json', '--after', '0', '--data-dir', home])
    await events.event('started', ({ sequence }) => sequence === started.sequence)
    expect((await ask('stop')).code).toBe(0)
    expect(await second.finished).toMatchObject({ code: 0 })
    const { stdout } = await events.finished
    const numbers = numbersOf(stdout)
    expect(numbers[0]).toBe(1)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbersOf((await ask('replay', home, '--json')).stdout)[0]).toBe(1)
  })

  it('leaves a log and a recording that can be read when it is gone', async () => {
    expect((await ask('logs', '--lines', '3')).stdout.trimEnd().split('\n')).toHaveLength(3)
    expect((await ask('replay', home)).stdout).toContain('joined run evening')
    expect(await ask('replay', join(folder.path, 'nowhere'))).toMatchObject({ code: 2 })
    expect(readdirSync(home)).not.toContain('api.sock')
  })

  it('needs a terminal for its screens, and says what to use elsewhere', async () => {
    const peer = daemon()
    await peer.event('started')
    expect(await ask('top')).toMatchObject({ code: 2, stderr: expect.stringContaining('status --follow') as string })
    peer.kill('SIGTERM')
    expect(await peer.finished).toMatchObject({ code: 0 })
    expect(await ask('top')).toMatchObject({ code: 3 })
  })

  it.skipIf(!hasScript)('shows its recording on a terminal, which is as before when one leaves (skipped without util-linux’ script)', async () => {
    const shown = await onTerminal(['replay', home], [['[1 overview]', '2'], ['[2 peers]', 'q']])
    expect(shown.trimEnd().endsWith('\u001b[?1049l')).toBe(true)
    const interrupted = await onTerminal(['replay', home], [['[1 overview]', '\u0003']])
    expect(interrupted.split('\u001b[?25h')).toHaveLength(2)
  })
})
