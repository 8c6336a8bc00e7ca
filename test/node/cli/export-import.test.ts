import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { restoredState } from '../../../node/peer/restored-state.ts'
import { runFolder } from '../../../node/peer/run-source.ts'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import { resolveDataDirectory } from '../../../node/store/data-directory.ts'
import { encodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import { exportModel } from '../../../src/interop/export-model.ts'
import { huggingFaceConfig } from '../../../src/interop/hugging-face-config.ts'
import type { LlamaSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { capturedShoal } from '../../support/captured-shoal.ts'

const llama: LlamaSpec = {
  kind: 'llama', layers: 1, width: 8, heads: 2, groups: 1, hidden: 9, context: 8, vocabulary: 256, ropeBase: 10_000, tied: true
}

const { at, run, written } = capturedShoal('export')
const shoal = async (...words: string[]): Promise<number> => run(...words, '--data-dir', at('data'))

function writeModel (spec: LlamaSpec): void {
  writeFileSync(at('model.safetensors'), Buffer.concat(encodeSafetensors(exportModel(spec, genesisWeights(spec, 9), 'llama', { kind: 'bytes' }))))
}

describe('shoal import and shoal export', () => {
  it('give back a file byte for byte, with its configuration', async () => {
    writeModel(llama)
    expect(await shoal('import', at('model.safetensors'), '--name', 'tuned')).toBe(0)
    expect(await shoal('export', '--format', 'llama', '-o', at('back.safetensors'))).toBe(0)
    expect(readFileSync(at('back.safetensors')).equals(readFileSync(at('model.safetensors')))).toBe(true)
    expect(JSON.parse(readFileSync(at('config.json'), 'utf8'))).toEqual(huggingFaceConfig(llama))
    expect(await shoal('export', '-o', at('plain.safetensors'), '--json')).toBe(0)
    expect(written.stdout).toContain('"format":"plain"')
  })

  it('begin a run at step 0 with a round behind it, so that joiners adopt the weights', async () => {
    writeModel(llama)
    await shoal('import', at('model.safetensors'), '--name', 'tuned', '--json')
    const { runId } = JSON.parse(written.stdout) as { runId: string }
    const files = new CheckpointFiles(runFolder(runId, resolveDataDirectory(at('data'))), modelLayout(llama))
    const weights = genesisWeights(llama, 9)
    const moments = new Float32Array(weights.length)
    expect(restoredState(files, () => expect.unreachable())).toMatchObject({
      trainer: { step: 0, weights, firstMoment: moments, secondMoment: moments }, averaging: { round: 1, syncedStep: 0, slow: weights, momentum: moments }
    })
  })

  it('say what is wrong with a file', async () => {
    writeFileSync(at('model.safetensors'), 'no model')
    expect(await shoal('import', at('model.safetensors'), '--name', 'tuned')).not.toBe(0)
    expect(written.stderr).toContain('CHECKPOINT_CORRUPT')
    expect(written.stderr).toContain('cannot be read as a model')
    written.forget()
    expect(await shoal('import', at('nothing.safetensors'), '--name', 'tuned')).not.toBe(0)
    expect(written.stderr).toContain('cannot be read as a model')
    writeModel({ ...llama, vocabulary: 100 })
    expect(await shoal('import', at('model.safetensors'), '--name', 'tuned')).not.toBe(0)
    expect(written.stderr).toContain('smaller than the 256 bytes')
    expect(existsSync(at('data'))).toBe(false)
  })

  it('refuse a layout of another model, and one that nobody knows', async () => {
    writeModel(llama)
    await shoal('import', at('model.safetensors'), '--name', 'tuned')
    expect(await shoal('export', '--format', 'gpt2', '-o', at('wrong.safetensors'))).not.toBe(0)
    expect(written.stderr).toContain('--format llama')
    expect(await shoal('export', '--format', 'lama', '-o', at('wrong.safetensors'))).not.toBe(0)
    expect(written.stderr).toContain('--format cannot be lama')
    expect(existsSync(at('wrong.safetensors'))).toBe(false)
  })
})
