import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServiceManager, watchdogIntervalMs } from '../../../node/cli/service-manager.ts'

const quietly = (sentence: string): void => { throw new Error(sentence) }

describe('a service', () => {
  it('tells its manager that it is up, how it does, and that it stops, in order', async () => {
    const told: string[][] = []
    let nowMs = 0
    const service = new ServiceManager({ NOTIFY_SOCKET: '/run/x' }, quietly, async assignments => {
      // A slow call must not be overtaken.
      await Promise.resolve()
      told.push([...assignments])
    }, () => nowMs)
    service.ready('run evening,\nstep 0')
    service.tell('round 1')
    service.tell('round 2, a moment later')
    nowMs = 5000
    service.tell(`round 3 ${'x'.repeat(500)}`)
    service.stopping()
    await service.close()
    expect(told).toEqual([['READY=1', 'STATUS=run evening, step 0'], ['STATUS=round 1'], [expect.stringMatching(/^STATUS=round 3 x{192}$/)], ['STOPPING=1']])
  })

  it('tells nobody where there is no manager', async () => {
    const service = new ServiceManager({}, quietly, async () => Promise.reject(new Error('called')))
    service.ready('run evening')
    service.stopping()
    await service.close()
  })

  it('says twice within the time granted that it lives, if it was asked to', async () => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '120000000' })).toBe(60_000)
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '7' }, 7)).toBe(60_000)
    for (const environment of [{}, { WATCHDOG_USEC: '0' }, { WATCHDOG_USEC: 'soon' }, { WATCHDOG_USEC: '1000', WATCHDOG_PID: '8' }]) expect(watchdogIntervalMs(environment, 7)).toBeUndefined()
    vi.useFakeTimers()
    try {
      const told: string[] = []
      const service = new ServiceManager({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '2000000' }, quietly, async ([word = '']) => {
        told.push(word)
        return Promise.resolve()
      })
      await vi.advanceTimersByTimeAsync(3500)
      service.stopping()
      await vi.advanceTimersByTimeAsync(3500)
      expect(told).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1'])
    } finally {
      vi.useRealTimers()
    }
  })
})

/** Listens as systemd does and prints what it hears. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    message = s.recv(4096).decode()
    print(message.replace(chr(10), '|'), flush=True)
    if 'STOPPING' in message: break
`
const has = (program: string, flag = '--version'): boolean => spawnSync(program, [flag]).status === 0

describe.skipIf(!has('systemd-notify') || !has('python3'))('systemd-notify (skipped where it or python3 is not there)', () => {
  let folder: string
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'shoal-notify-')) })
  afterEach(() => {
    delete process.env['NOTIFY_SOCKET']
    rmSync(folder, { recursive: true, force: true })
  })

  it('carries what a service tells over the socket of its manager', async () => {
    const path = join(folder, 'notify')
    const listener = spawn('python3', ['-c', LISTENER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    const heard: string[] = []
    const lines = createInterface({ input: listener.stdout })
    const closed = new Promise(resolve => lines.once('close', resolve))
    await new Promise<void>(resolve => {
      lines.on('line', line => {
        heard.push(line)
        resolve()
      })
    })
    process.env['NOTIFY_SOCKET'] = path
    const service = new ServiceManager(process.env, () => undefined)
    service.ready('run evening')
    service.stopping()
    await service.close()
    await closed
    expect(heard.join('\n')).toContain('READY=1')
    expect(heard.join('\n')).toContain('STATUS=run evening')
    expect(heard.at(-1)).toContain('STOPPING=1')
  })
})
