import { execFileSync } from 'node:child_process'
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHURN_TIMEOUT_MS, ChurningSwarm, idOf, nextAveraged } from '../support/churning-swarm.ts'
import { temporaryFolder } from '../support/shoal-process.ts'

/** Room for a peer, its checkpoints and its records. */
const DISK_MEGABYTES = 64

const mount = (folder: string): void => { execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', folder], { stdio: 'pipe' }) }
const unmount = (folder: string): void => { execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' }) }

/** Why no small disk can be made here; undefined where one can. */
async function mountObstacle (): Promise<string | undefined> {
  const temporary = await temporaryFolder()
  try {
    mount(temporary.path)
    unmount(temporary.path)
    return undefined
  } catch {
    return 'a small disk takes Linux and the right to mount it'
  } finally {
    await temporary.remove()
  }
}

/** Takes every byte that is left. */
async function fill (folder: string): Promise<void> {
  const file = await open(join(folder, 'filler'), 'a')
  try {
    for (let bytes = 1 << 20; bytes >= 1;) {
      try {
        await file.write(new Uint8Array(bytes))
      } catch {
        // Not that much any more.
        bytes >>= 1
      }
    }
  } finally {
    await file.close()
  }
  expect((await statfs(folder)).bavail).toBe(0)
}

const obstacle = await mountObstacle()

test.skipIf(obstacle !== undefined)(`a peer whose disk is full goes on, writes again once there is room, and comes back from what it had${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, async () => {
  const swarm = await ChurningSwarm.make()
  const disk = join(swarm.folder, 'small')
  await mkdir(disk)
  mount(disk)
  try {
    const first = swarm.peer('first', swarm.manifest)
    const { invite } = await first.event('started')
    const [small, other] = [swarm.peer('small', invite, { shard: 2 }), swarm.peer('other', invite, { shard: 3 })]
    const others = await Promise.all([first, other].map(idOf))
    await small.event('checkpoint')
    await nextAveraged(small, others)

    await fill(disk)
    const { sequence: full } = await small.event('warning', ({ sentence }) => sentence.startsWith('no checkpoint was written: '))
    for (let round = 0; round < 3; round++) await Promise.all([nextAveraged(small, others), nextAveraged(first), nextAveraged(other)])
    await rm(join(disk, 'filler'))
    await small.event('checkpoint', ({ sequence }) => sequence > full)

    await fill(disk)
    await small.event('warning', ({ sequence, sentence }) => sequence > full && sentence.startsWith('no checkpoint was written: '))
    const kept = Math.max(...small.events.flatMap(event => event.type === 'checkpoint' ? [event.step] : []))
    small.kill('SIGKILL')
    await small.finished
    await rm(join(disk, 'filler'))
    const returned = swarm.peer('small', invite, { shard: 2 })
    const started = await returned.event('started')
    expect(started.resumed).toBe(true)
    expect(started.step).toBeGreaterThanOrEqual(kept)
    await nextAveraged(returned, others)
    await returned.event('checkpoint')
    await swarm.leave(first, other, returned)
    expect(swarm.brokenPromises()).toEqual([])
  } finally {
    await swarm.stop()
    unmount(disk)
    await swarm.remove()
  }
}, CHURN_TIMEOUT_MS)
