import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelLayout } from '../../src/models/model-layout.ts'
import { CheckpointFiles } from '../../node/store/checkpoint-files.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { readManifestFile, runFolder } from '../../node/peer/run-source.ts'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let manifest: string

beforeAll(async () => {
  folder = await temporaryFolder()
  manifest = join(folder.path, 'short.run')
  await shoal(['run', 'create', '--name', 'short', '--steps', '140', '--every', '7', '--output', manifest, '--data-dir', join(folder.path, 'maker')])
})
afterAll(async () => folder.remove())

const joinWords = (directory: string): string[] =>
  ['join', manifest, '--json', '--backend', 'wasm', '--shard', '1', '--data-dir', join(folder.path, directory), '--listen', '/ip4/127.0.0.1/tcp/0']

function endOf (directory: string): Checkpoint {
  const run = readManifestFile(manifest)
  const found = new CheckpointFiles(runFolder(run.runId, resolveDataDirectory(join(folder.path, directory))), modelLayout(run.manifest.model)).newest(() => undefined)
  if (found === undefined) throw new Error('no checkpoint')
  return found.checkpoint
}

describe('a peer that is interrupted', () => {
  it('checkpoints at Ctrl-C, exits 0, and ends with the bits of one that never was', async () => {
    expect(await shoal(joinWords('whole'))).toMatchObject({ code: 0 })

    let steps = 0
    for (let life = 0; life < 3 && steps < 140; life++) {
      const peer = new ShoalProcess(joinWords('pieces'))
      await peer.event('round', ({ record }) => record.step >= steps + 14)
      peer.kill('SIGINT')
      expect(await peer.finished).toMatchObject({ code: 0 })
      const finished = await peer.event('finished')
      steps = finished.report.steps
    }
    if (steps < 140) expect(await shoal(joinWords('pieces'))).toMatchObject({ code: 0 })

    const [whole, pieces] = [endOf('whole'), endOf('pieces')]
    expect(pieces.step).toBe(140)
    for (const vector of ['weights', 'slow', 'momentum', 'adamFirst', 'adamSecond'] as const) {
      expect(Buffer.from(pieces[vector].buffer).equals(Buffer.from(whole[vector].buffer)), vector).toBe(true)
    }
    expect(pieces.round).toBe(whole.round)
  })
})
