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

  it('keep the best beside the last ones, and the earlier of equals, across restarts', async () => {
    const losses = [undefined, 3, 2.5, 2.5, 2.75, undefined, 2.6]
    for (const [index, heldOutLoss] of losses.entries()) {
      await new CheckpointFiles(root, layout).write({ ...checkpointAt(20 * (index + 1)), ...heldOutLoss === undefined ? {} : { heldOutLoss } })
    }
    expect(await names()).toEqual([60, 120, 140].map(step => `step-${String(step).padStart(12, '0')}.safetensors`))
    expect(files.best(warn)?.checkpoint).toEqual({ ...checkpointAt(60), heldOutLoss: 2.5 })
    expect(files.bestLoss()).toBe(2.5)
    expect(files.newest(warn)?.checkpoint.step).toBe(140)
  })

  it('keep as many as they are told to', async () => {
    const many = new CheckpointFiles(root, layout, 3)
    for (const step of [20, 40, 60, 80]) await many.write(checkpointAt(step))
    expect(await names()).toHaveLength(3)
  })

  it('are written beside whatever else this thread does: it has its turn after every mebibyte at the latest', async () => {
    const large = createLayout([{ name: 'table', shape: [1024, 1024] }])
    const vector = new Float32Array(large.size)
    const mebibytes = 5 * vector.byteLength / 2 ** 20
    let [turns, isWriting] = [0, true]
    const count = (): void => {
      turns++
      if (isWriting) setImmediate(count)
    }
    setImmediate(count)
    await new CheckpointFiles(root, large).write({ ...checkpointAt(20), weights: vector, slow: vector, momentum: vector, adamFirst: vector, adamSecond: vector })
    isWriting = false
    expect(turns).toBeGreaterThanOrEqual(mebibytes)
  })

  it('know no best where none was measured, and pass over a damaged one', async () => {
    await files.write(checkpointAt(20))
    expect(files.best(warn)).toBeUndefined()
    const best = await files.write({ ...checkpointAt(40), heldOutLoss: 1 })
    await files.write({ ...checkpointAt(60), heldOutLoss: 2 })
    await truncate(best, (await readFile(best)).length - 1)
    expect(files.best(warn)?.checkpoint.step).toBe(60)
    expect(warnings).toHaveLength(1)
  })

  it('clear away what a killed process was writing, and nothing else', async () => {
    await files.write(checkpointAt(20))
    for (const name of ['step-000000000040.safetensors.4242.tmp', 'notes.tmp']) await writeFile(join(root, 'checkpoints', name), 'half')
    await files.write(checkpointAt(60))
    expect(await names()).toEqual(['notes.tmp', 'step-000000000020.safetensors', 'step-000000000060.safetensors'])
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
