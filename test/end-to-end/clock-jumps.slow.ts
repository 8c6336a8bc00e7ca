import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CHURN_TIMEOUT_MS, ChurningSwarm, idOf, nextAveraged } from '../support/churning-swarm.ts'
import type { ShoalProcess } from '../support/shoal-process.ts'

let swarm: ChurningSwarm
beforeEach(async () => { swarm = await ChurningSwarm.make() })
afterEach(async () => swarm.close())

const JUMPING_CLOCK = pathToFileURL(fileURLToPath(new URL('../support/jumping-clock.mjs', import.meta.url))).href
const environment = { NODE_OPTIONS: `--import ${JUMPING_CLOCK}` }
const MINUTES = 60_000
/** What the process's clock is set to, one after the other. */
const [AHEAD_MS, BEHIND_MS] = [60 * MINUTES, -60 * MINUTES]

/** The clock jumps, and the peer has told of something since. */
async function jump (peer: ShoalProcess, byMs: number): Promise<void> {
  peer.kill('SIGUSR2')
  await peer.event('round', ({ atMs }) => Math.abs(atMs - Date.now() - byMs) < 10 * MINUTES)
}

it('a run goes on when clocks jump an hour ahead, behind and back, and takes a peer back whose earlier life was an hour ahead', async () => {
  const first = swarm.peer('first', swarm.manifest)
  const { invite } = await first.event('started')
  const [jumper, other] = [swarm.peer('jumper', invite, { shard: 2, environment }), swarm.peer('other', invite, { shard: 3, environment })]
  const honest = await Promise.all([first, other].map(idOf))
  const jumperId = await idOf(jumper)
  await Promise.all([first, jumper, other].map(async peer => nextAveraged(peer)))

  for (const byMs of [AHEAD_MS, BEHIND_MS, 0]) {
    await jump(jumper, byMs)
    await Promise.all([nextAveraged(jumper, honest), nextAveraged(first), nextAveraged(other)])
  }
  await jump(other, AHEAD_MS)
  await jump(jumper, AHEAD_MS)
  await Promise.all([first, jumper, other].map(async peer => nextAveraged(peer)))

  const { step } = await jumper.event('checkpoint', ({ atMs }) => atMs > Date.now() + 10 * MINUTES)
  jumper.kill('SIGKILL')
  await jumper.finished
  const returned = swarm.peer('jumper', invite, { shard: 2 })
  const started = await returned.event('started')
  expect(started).toMatchObject({ resumed: true, peerId: jumperId })
  expect(started.step).toBeGreaterThanOrEqual(step)
  await nextAveraged(returned, honest)
  await Promise.all([first, other].map(async peer => nextAveraged(peer, [jumperId])))
  await swarm.leave(first, other, returned)
  expect(swarm.brokenPromises()).toEqual([])
}, CHURN_TIMEOUT_MS)
