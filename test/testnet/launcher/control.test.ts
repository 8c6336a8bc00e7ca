import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StampedEvent } from '../../../src/events.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { sidesOf } from '../../../testnet/cli/control.ts'
import { askTestnet, findTestnets } from '../../../testnet/launcher/control-client.ts'
import type { FoundTestnet } from '../../../testnet/launcher/control-client.ts'
import type { ControlRequest, TestnetListing } from '../../../testnet/launcher/control-messages.ts'
import { runTestnet } from '../../../testnet/launcher/run-testnet.ts'
import type { Testnet } from '../../../testnet/launcher/testnet.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-control-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

describe('a testnet of real peers behind gateways', () => {
  it('does from elsewhere what it is told, and leaves nothing behind', async () => {
    const swarm = new Watched()
    const stop = new AbortController()
    const report = runTestnet({
      name: 'watched', root, peers: 2, links: 'proxy', method: methodPreset('noloco', { everySteps: 5, graceMs: 3000 }), methodName: 'noloco', steps: 0, model: 'tiny', seed: 3, batch: 1,
      learningRate: 0.001, shards: 2, split: 'iid', evaluateEveryRounds: 0, listen: ['/ip4/127.0.0.1/tcp/0'], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, signal: stop.signal,
      onStarted: testnet => { swarm.begin(testnet) }, onEvent: (name, event) => { swarm.event(name, event) }
    })
    const testnet = await Promise.race([swarm.started, report.then(() => { throw new Error('it ended') })])
    const ask = async (request: ControlRequest): Promise<TestnetListing> => askTestnet(findTestnets(root)[0] as FoundTestnet, request)

    await swarm.until(event => isRound(event, 'averaged'))
    expect(await ask({ kind: 'list' })).toMatchObject({ name: 'watched', sides: [], peers: [{ name: 'A', state: 'running' }, { name: 'B', alias: 'peer-2', state: 'running' }] })

    expect((await ask({ kind: 'partition', sides: [['A'], ['peer-2']] })).sides).toEqual([['A'], ['B']])
    await swarm.until(event => isRound(event, 'solo'))
    expect((await ask({ kind: 'heal' })).sides).toEqual([])
    await swarm.until(event => isRound(event, 'averaged'))

    expect((await ask({ kind: 'pause', peers: ['B'] })).peers[1]).toMatchObject({ state: 'paused' })
    await swarm.until((event, name) => name === 'A' && isRound(event, 'solo'))
    expect((await ask({ kind: 'resume', peers: ['B'] })).peers[1]).toMatchObject({ state: 'running' })
    await swarm.until((event, name) => name === 'B' && event.type === 'round')

    await expect(ask({ kind: 'kill', peers: ['C'] })).rejects.toMatchObject({ code: 'USAGE', why: 'its peers are A, B' })
    expect((await ask({ kind: 'kill', peers: ['B'] })).peers[1]).toMatchObject({ state: 'ended', pid: null })
    await testnet.bring('B')
    await swarm.until(event => isRound(event, 'averaged'))

    stop.abort()
    expect(await report).toMatchObject({ peers: 2, peersLost: [] })
    expect((await readdir(root)).sort()).toEqual(['peer-a', 'peer-b', 'testnet.run'])
    expect(findTestnets(root)).toEqual([])
  })

  it('is known to be gone when it left its record behind', async () => {
    await writeFile(join(root, 'testnet.json'), JSON.stringify({ name: 'late', pid: 1, socket: join(root, 'testnet.sock'), startedAtMs: 0 }))
    const [stale] = findTestnets(root)
    await expect(askTestnet(stale as FoundTestnet, { kind: 'list' })).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
  })
})

describe('the sides of a partition', () => {
  it('are words between bars and commas', () => {
    expect(sidesOf('A,B|C, D')).toEqual([['A', 'B'], ['C', 'D']])
    for (const words of ['', 'A|', 'A|A', ',|B']) expect(() => sidesOf(words)).toThrow(expect.objectContaining({ code: 'USAGE' }) as unknown)
  })
})

function isRound (event: StampedEvent, outcome: 'averaged' | 'solo'): boolean {
  return event.type === 'round' && event.record.outcome === outcome
}

/** Waits for what peers tell, from the moment of asking on. */
class Watched {
  readonly started: Promise<Testnet>
  #begin: (testnet: Testnet) => void = () => undefined
  readonly #waiting = new Set<{ readonly matches: (event: StampedEvent, name: string) => boolean, readonly resolve: () => void }>()

  constructor () {
    this.started = new Promise(resolve => { this.#begin = resolve })
  }

  begin (testnet: Testnet): void { this.#begin(testnet) }

  event (name: string, event: StampedEvent): void {
    for (const waiter of [...this.#waiting]) {
      if (!waiter.matches(event, name)) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }

  async until (matches: (event: StampedEvent, name: string) => boolean): Promise<void> {
    await new Promise<void>(resolve => this.#waiting.add({ matches, resolve }))
  }
}
