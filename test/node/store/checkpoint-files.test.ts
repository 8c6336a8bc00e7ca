import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import type { Checkpoint } from '../../../src/checkpoint/checkpoint.ts'
import { createLayout } from '../../../src/parameters/layout.ts'

const layout = createLayout([{ name: 'embed', shape: [4, 3] }, { name: 'bias', shape: [5] }])

function checkpointAt (step: number): Checkpoint {
  const vector = (from: number): Float32Array => Float32Array.from({ length: layout.size }, (_, index) => step + from + index / 7)
  return {
    runId: 'run', peerId: 'peer', step, round: 1, tokens: step * 128, kernelVariant: 'wasm', samplingSeed: 3, syncedStep: step, counters: {},
    weights: vector(0), slow: vector(1), momentum: vector(2), adamFirst: vector(3), adamSecond: vector(4)
  }
}

let root: string
let files: CheckpointFiles
const warnings: string[] = []
const warn = (sentence: string): void => { warnings.push(sentence) }
const names = async (): Promise<string[]> => (await readdir(join(root, 'checkpoints'))).sort()

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-checkpoints-'))
  files = new CheckpointFiles(root, layout)
  warnings.length = 0
})
afterEach(async () => rm(root, { recursive: true, force: true }))

describe('checkpoint files', () => {
  it('are none at first', () => {
    expect(files.newest(warn)).toBeUndefined()
    expect(warnings).toEqual([])
  })

  it('bring back the newest, bit for bit, after a restart', async () => {
    await files.write(checkpointAt(20))
    const path = await files.write(checkpointAt(40))
    const found = new CheckpointFiles(root, layout).newest(warn)
    expect(found).toEqual({ path, checkpoint: checkpointAt(40) })
    expect(warnings).toEqual([])
  })

  it('are ordered by step, not by name or time', async () => {
    await files.write(checkpointAt(1000))
    await files.write(checkpointAt(999))
    expect(files.newest(warn)?.checkpoint.step).toBe(1000)
  })

  it('keep the last two', async () => {
    for (const step of [20, 40, 60, 80]) await files.write(checkpointAt(step))
    expect(await names()).toEqual(['step-000000000060.safetensors', 'step-000000000080.safetensors'])
  })

  it('survive a write that was cut off: what is half there is not a checkpoint', async () => {
    const path = await files.write(checkpointAt(20))
    const whole = await readFile(path)
    await writeFile(join(root, 'checkpoints', 'step-000000000040.safetensors.4242.tmp'), whole.subarray(0, whole.length / 2))
    expect(files.newest(warn)).toEqual({ path, checkpoint: checkpointAt(20) })
    expect(warnings).toEqual([])
  })

  it('survive a write that fails: the earlier one stays, nothing half-written does', async () => {
    const path = await files.write(checkpointAt(20))
    const before = await readFile(path)
    await mkdir(join(root, 'checkpoints', 'step-000000000040.safetensors', 'in the way'), { recursive: true })
    await expect(files.write(checkpointAt(40))).rejects.toThrow()
    expect(await readFile(path)).toEqual(before)
    expect((await names()).filter(name => name.endsWith('.tmp'))).toEqual([])
  })

  it.each([
    ['truncated', async (path: string) => truncate(path, 100)],
    ['empty', async (path: string) => truncate(path, 0)],
    ['changed in one bit', async (path: string) => {
      const bytes = await readFile(path)
      bytes[bytes.length - 5]! ^= 4
      await writeFile(path, bytes)
    }]
  ])('fall back when the newest is %s, say so, and leave it as it is', async (_, damage) => {
    await files.write(checkpointAt(20))
    const newest = await files.write(checkpointAt(40))
    await damage(newest)
    const damaged = await readFile(newest)
    expect(files.newest(warn)?.checkpoint).toEqual(checkpointAt(20))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(basename(newest))
    expect(await readFile(newest)).toEqual(damaged)
  })

  it('refuse to begin again silently when none can be read, and delete none', async () => {
    for (const step of [20, 40]) await truncate(await files.write(checkpointAt(step)), 30)
    expect(() => files.newest(warn)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_CORRUPT' }) as unknown)
    expect(await names()).toHaveLength(2)
  })

  it('of another model are refused, not skipped', async () => {
    await files.write(checkpointAt(20))
    const other = new CheckpointFiles(root, createLayout([{ name: 'embed', shape: [17] }]))
    expect(() => other.newest(warn)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE' }) as unknown)
    expect(warnings).toEqual([])
  })
})
