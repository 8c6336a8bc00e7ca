import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let manifest: string

beforeAll(async () => {
  folder = await temporaryFolder()
  manifest = join(folder.path, 'churn.run')
  await shoal(['run', 'create', '--name', 'churn', '--method', 'noloco', '--steps', '0', '--every', '5', '--batch', '1', '--output', manifest, '--data-dir', join(folder.path, 'maker')])
})
afterAll(async () => folder.remove())

const peer = (name: string, source: string, shard: number): ShoalProcess =>
  new ShoalProcess(['join', source, '--json', '--shard', String(shard), '--data-dir', join(folder.path, name), '--listen', '/ip4/127.0.0.1/tcp/0', '--checkpoint-every-seconds', '1'])

/** The next round that this peer averages with somebody, and that ends after this moment. */
async function nextAveraged (process: ShoalProcess): Promise<void> {
  const seen = process.events.length
  const after = process.events[seen - 1]?.sequence ?? 0
  await process.event('round', event => event.sequence > after && event.record.outcome === 'averaged')
}

/** The others go on without it, and it goes on with them. */
const FROZEN_MS = 60_000

describe('a swarm whose members come and go', () => {
  it('goes on while one is frozen, one is killed and comes back from its own store, and one leaves', async () => {
    const first = peer('first', manifest, 1)
    const { invite } = await first.event('started')
    const [frozen, killed] = [peer('frozen', invite, 2), peer('killed', invite, 3)]
    await Promise.all([first, frozen, killed].map(nextAveraged))

    frozen.kill('SIGSTOP')
    await Promise.all([first, killed].map(nextAveraged))
    await pause(FROZEN_MS)
    frozen.kill('SIGCONT')
    await nextAveraged(frozen)

    const { step } = await killed.event('checkpoint')
    killed.kill('SIGKILL')
    await killed.finished
    await Promise.all([first, frozen].map(nextAveraged))
    const returned = peer('killed', invite, 3)
    const started = await returned.event('started')
    expect(started.resumed).toBe(true)
    expect(started.step).toBeGreaterThanOrEqual(step)
    await nextAveraged(returned)

    first.kill('SIGINT')
    expect(await first.finished).toMatchObject({ code: 0 })
    await Promise.all([frozen, returned].map(nextAveraged))
    for (const process of [frozen, returned]) {
      process.kill('SIGINT')
      expect(await process.finished).toMatchObject({ code: 0 })
    }
  })
})
