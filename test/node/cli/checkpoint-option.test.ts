import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { peerCommands } from '../../../node/cli/commands.ts'
import { runProgram } from '../../../node/cli/program.ts'
import { runFolder } from '../../../node/peer/run-source.ts'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import { resolveDataDirectory } from '../../../node/store/data-directory.ts'
import { encodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import { exportModel } from '../../../src/interop/export-model.ts'
import type { GptSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'

const gpt: GptSpec = { kind: 'gpt', layers: 1, width: 8, heads: 2, context: 16, vocabulary: 256 }
const layout = modelLayout(gpt)

let folder: string
let written: { stdout: string, stderr: string }
let files: CheckpointFiles
const at = (name: string): string => join(folder, name)
const shoal = async (...words: string[]): Promise<number> => {
  written.stdout = written.stderr = ''
  return runProgram(peerCommands, [...words, '--json', '--data-dir', at('data')], { name: 'shoal', version: '1.2.3', description: 'trains together' })
}
const answer = (): { readonly runId: string, readonly step: number, readonly checkpoint: string } => JSON.parse(written.stdout) as ReturnType<typeof answer>

/** Weights that differ from step to step, so that an answer tells which ones were used. */
async function write (step: number, heldOutLoss?: number): Promise<string> {
  const zeros = new Float32Array(layout.size)
  const weights = genesisWeights(gpt, step)
  return files.write({
    runId, peerId: 'peer', step, round: step, tokens: step, kernelVariant: 'none', samplingSeed: 1, syncedStep: step, counters: {}, ...heldOutLoss === undefined ? {} : { heldOutLoss },
    weights, slow: weights, momentum: zeros, adamFirst: zeros, adamSecond: zeros
  })
}
let runId: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-checkpoint-option-'))
  written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      written[stream] += String(text)
      return true
    })
  }
  writeFileSync(at('model.safetensors'), Buffer.concat(encodeSafetensors(exportModel(gpt, genesisWeights(gpt, 9), 'gpt2'))))
  await shoal('import', at('model.safetensors'), '--name', 'tuned')
  ;({ runId } = answer())
  files = new CheckpointFiles(runFolder(runId, resolveDataDirectory(at('data'))), layout)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

describe('--checkpoint', () => {
  it('chooses the newest, the best, or a file, for eval and export alike', async () => {
    const best = await write(10, 1.5)
    await write(20, 2.5)
    const newest = await write(30)
    copyFileSync(best, at('kept.safetensors'))
    for (const [word, step] of [['newest', 30], ['best', 10], [newest, 30], [at('kept.safetensors'), 10]] as const) {
      expect(await shoal('export', '--checkpoint', word, '-o', at('out.safetensors')), written.stderr).toBe(0)
      expect(answer().step).toBe(step)
    }
    expect(await shoal('eval', '--checkpoint', 'best'), written.stderr).toBe(0)
    expect(answer()).toMatchObject({ step: 10, checkpoint: best })
    expect(await shoal('sample', 'The ', '--tokens', '3', '--checkpoint', at('kept.safetensors')), written.stderr).toBe(0)
    expect(answer().step).toBe(10)
  })

  it('says what to do where nothing was measured, and what a file lacks', async () => {
    expect(await shoal('export', '--checkpoint', 'best', '-o', at('out.safetensors'))).not.toBe(0)
    expect(written.stderr).toContain('CHECKPOINT_MISSING')
    expect(written.stderr).toContain('--evaluate-every')
    expect(await shoal('export', '--checkpoint', at('nothing'), '-o', at('out.safetensors'))).not.toBe(0)
    expect(written.stderr).toContain('there is no file')
    writeFileSync(at('junk'), 'junk')
    expect(await shoal('export', '--checkpoint', at('junk'), '-o', at('out.safetensors'))).not.toBe(0)
    expect(written.stderr).toContain('CHECKPOINT_CORRUPT')
  })
})

describe('eval and sample', () => {
  it.each([['eval'], ['sample']])('%s follows SHOAL_* and config.toml as join does', async command => {
    vi.stubEnv('SHOAL_BACKEND', 'abacus')
    expect(await shoal(command)).toBe(2)
    expect(written.stderr).toContain('SHOAL_BACKEND')
    vi.unstubAllEnvs()
    writeFileSync(join(at('data'), 'config.toml'), 'backend = "abacus"\n')
    expect(await shoal(command)).toBe(2)
    expect(written.stderr).toContain('config.toml, line 1')
  })
})
