import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CheckpointFiles, readCheckpoint } from '../../../node/store/checkpoint-files.ts'
import { createLayout } from '../../../src/parameters/layout.ts'
import { fraction } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'

const WRITER = fileURLToPath(new URL('support/checkpoint-writer.mjs', import.meta.url))
const layout = createLayout([{ name: 'table', shape: [512, 256] }, { name: 'bias', shape: [7] }])
const KILLS = 25
/** Longer than a few writes: kills fall before, into and between them. Any moment is right. */
const LATEST_KILL_MS = 40

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-kill-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

interface Life {
  /** The last checkpoint that the writer said it began and ended; 0 for none. */
  readonly began: number
  readonly ended: number
}

async function lifeOfWriter (firstStep: number, killAt: (life: Life, told: () => Promise<unknown>) => Promise<unknown>): Promise<Life> {
  const writer = fork(WRITER, [root, String(firstStep)])
  const life = { began: 0, ended: 0 }
  // What it said last may be read after it is gone.
  const exited = Promise.all([once(writer, 'exit'), once(writer, 'disconnect')])
  writer.on('message', (told: Partial<Life>) => { Object.assign(life, told) })
  await once(writer, 'message')
  await killAt(life, async () => once(writer, 'message'))
  writer.kill('SIGKILL')
  await exited
  return life
}

it('a checkpoint is whole or not there, at whatever moment its writer is killed', async () => {
  const drawn = words(7, 1)
  let newest = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const { began, ended } = await lifeOfWriter(newest + 1, async (life, told) => {
      await after(fraction(drawn) * LATEST_KILL_MS)
      // However slow the machine, the last life gets one written.
      while (kill === KILLS - 1 && life.ended === 0) await told()
    })
    const names = await readdir(join(root, 'checkpoints')).catch(() => [])
    // At most what this life left; what earlier ones left is gone.
    expect(names.filter(name => name.endsWith('.tmp')).length).toBeLessThanOrEqual(1)

    const files = new CheckpointFiles(root, layout)
    const found = files.newest(sentence => expect.unreachable(sentence))
    const step = found?.checkpoint.step ?? 0
    expect(step).toBeGreaterThanOrEqual(Math.max(newest, ended))
    expect(step).toBeLessThanOrEqual(Math.max(newest, began))
    for (const name of names.filter(name => name.endsWith('.safetensors'))) {
      const { weights, slow, momentum, adamFirst, adamSecond, step: written } = readCheckpoint(join(root, 'checkpoints', name), layout)
      for (const vector of [weights, slow, momentum, adamFirst, adamSecond]) expect(vector.every(value => value === written)).toBe(true)
    }
    newest = step
  }
  expect(newest).toBeGreaterThan(0)
})
