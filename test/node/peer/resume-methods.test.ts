import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runFolder } from '../../../node/peer/run-source.ts'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { Checkpoint } from '../../../src/checkpoint/checkpoint.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { LivePeer, directoryIn, runMadeIn } from './support.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-resume-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

const STEPS = 16

/** A peer that trains alone, once in one go and once stopped in between; what both leave. */
async function lives (method: MethodSpec): Promise<readonly [Checkpoint, Checkpoint]> {
  const run = await runMadeIn(directoryIn(root, 'maker'), { method, budget: { steps: STEPS } })
  const endOf = (name: string): Checkpoint => {
    const found = new CheckpointFiles(runFolder(run.runId, directoryIn(root, name)), modelLayout(run.manifest.model)).newest(() => undefined)
    if (found === undefined) throw new Error('no checkpoint')
    return found.checkpoint
  }
  await new LivePeer(directoryIn(root, 'whole'), run).finished
  const first = new LivePeer(directoryIn(root, 'pieces'), run)
  await first.event('round', ({ record }) => record.step >= 4)
  first.stop()
  await first.finished
  await new LivePeer(directoryIn(root, 'pieces'), run).finished
  return [endOf('whole'), endOf('pieces')]
}

const vectorsOf = ({ weights, slow, momentum, adamFirst, adamSecond, kept = {} }: Checkpoint): Readonly<Record<string, Float32Array>> =>
  ({ weights, slow, momentum, adamFirst, adamSecond, ...kept })

const bitsOf = (vector: Float32Array = new Float32Array()): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)

describe('a peer that is resumed ends with the bits of one that never stopped', () => {
  const methods: ReadonlyArray<readonly [string, MethodSpec, readonly string[]]> = [
    ['streamed fragments', methodPreset('streaming-diloco', { everySteps: 4, overlapSteps: 1 }), ['owed']],
    ['a stale mean', methodPreset('co2', { everySteps: 2 }), ['pending', 'stepNorms']],
    ['error feedback', methodPreset('sparseloco', { everySteps: 2 }), ['residual', 'owed']],
    ['compressed gradients', methodPreset('dgc'), ['residual', 'velocity', 'owed']]
  ]
  it.each(methods)('with %s', async (_name, method, kept) => {
    const [whole, pieces] = await lives(method)
    expect(pieces).toMatchObject({ step: STEPS, round: whole.round })
    expect(Object.keys(whole.kept ?? {}).sort()).toEqual([...kept].sort())
    for (const [name, vector] of Object.entries(vectorsOf(whole))) {
      expect(bitsOf(vectorsOf(pieces)[name]).equals(bitsOf(vector)), name).toBe(true)
    }
  })
})
