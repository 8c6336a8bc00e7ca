import { writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashCorpus } from '../../../node/corpus/corpus.ts'
import { rememberRun } from '../../../node/peer/run-source.ts'
import type { DataDirectory } from '../../../node/store/data-directory.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { encodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import { exportModel } from '../../../src/interop/export-model.ts'
import type { GptSpec, RunManifest } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { exampleManifest } from '../../support/example-manifest.ts'
import { capturedShoal } from '../../support/captured-shoal.ts'
import { LivePeer, directoryIn, runMadeIn } from '../peer/support.ts'

const { at, run: shoal, written } = capturedShoal('ensemble')

interface Figures { readonly loss: number, readonly perplexity: number, readonly share?: number, readonly name?: string }
interface Answer { readonly ensemble: Figures, readonly merged: Figures, readonly experts: readonly Figures[], readonly loss: number }

const gpt: GptSpec = { kind: 'gpt', layers: 1, width: 16, heads: 2, context: 32, vocabulary: 256 }
/** Little to judge by: nine commands of this file judge all of it. */
const HELD_OUT_SELDOM = 150
let [one, other]: DataDirectory[] = []

async function answer (...words: string[]): Promise<Answer> {
  written.forget()
  expect(await shoal(...words, '--json', '--data-dir', one!.root)).toBe(0)
  return JSON.parse(written.stdout) as Answer
}

async function refusal (...words: string[]): Promise<string> {
  written.forget()
  expect(await shoal(...words, '--data-dir', one!.root)).not.toBe(0)
  return written.stderr
}

beforeEach(() => { [one, other] = ['one', 'other'].map(name => directoryIn(at(''), name)) })

describe('experts of branch-train-merge', () => {
  it('are kept by their merge and answer together, beside each alone and the merged weights', async () => {
    const data = { ...exampleManifest().data, sha256: await hashCorpus(), holdOutEvery: HELD_OUT_SELDOM } as RunManifest['data']
    const run = await runMadeIn(one!, { model: gpt, data, method: methodPreset('branch-train-merge', { everySteps: 5 }), budget: { steps: 10 } })
    const first = new LivePeer(one!, run, { waitFor: 1 })
    const { addresses } = await first.event('started')
    const second = new LivePeer(other!, run, { shard: 2, waitFor: 1, bootstrap: [...addresses] })
    await Promise.all([first.finished, second.finished])
    await rememberRun(run, other!)

    const { ensemble, merged, experts } = await answer('eval', '--ensemble')
    expect(experts).toHaveLength(2)
    expect(experts.map(({ share }) => share)).toEqual([0.5, 0.5])
    expect(ensemble.loss).toBeLessThanOrEqual((experts[0]!.loss + experts[1]!.loss) / 2 + 1e-6)
    expect(ensemble.perplexity).toBeCloseTo(Math.exp(ensemble.loss), 6)
    expect(merged.loss).toBeCloseTo((await answer('eval', '--checkpoint', 'merged')).loss, 4)

    // the same experts by name: a data directory, and a file of its export
    expect(await shoal('export', '--checkpoint', 'own', '--output', at('first.safetensors'), '--data-dir', one!.root)).toBe(0)
    const named = await answer('eval', '--expert', at('first.safetensors'), '--expert', other!.root)
    expect(named.ensemble.loss).toBeCloseTo(ensemble.loss, 6)
    const leaning = await answer('eval', '--expert', other!.root, '--expert', at('first.safetensors'), '--posterior', '--shares', '3,1')
    expect(leaning.experts.map(({ name }) => name)).toEqual([other!.root, at('first.safetensors')])
    expect(leaning.ensemble.loss).not.toBe(ensemble.loss)

    const texts = [await answer('sample', 'The ', '--tokens', '12', '--ensemble'), await answer('sample', 'The ', '--tokens', '12', '--ensemble')]
    expect(texts[1]).toEqual(texts[0])

    const wrongLayout = at('wide.safetensors')
    writeFileSync(wrongLayout, Buffer.concat(encodeSafetensors(exportModel({ ...gpt, width: 32 }, genesisWeights({ ...gpt, width: 32 }, 1), 'plain'))))
    const wrongTokens = at('tokens.safetensors')
    writeFileSync(wrongTokens, Buffer.concat(encodeSafetensors(exportModel(gpt, genesisWeights(gpt, 1), 'plain', { kind: 'file', sha256: 'a'.repeat(64), bytes: 10, vocabulary: 256 }))))
    writeFileSync(at('noise.bin'), 'no tensors here')
    for (const [path, why] of [[wrongLayout, 'another layout'], [wrongTokens, 'another tokenizer'], [at('noise.bin'), 'noise.bin'], [at('nowhere'), 'no such file'], [at(''), 'knows a run']] as const) {
      expect(await refusal('eval', '--expert', path, '--expert', other!.root)).toContain(why)
    }
    expect(await refusal('eval', '--expert', other!.root)).toContain('there is 1')
    expect(await refusal('eval', '--ensemble', '--shares', '1,2,3')).toContain('2 experts and 3 numbers')
    expect(await refusal('sample', '--posterior')).toContain('--ensemble --posterior')
  })

  it('are missed where none were kept', async () => {
    const run = await runMadeIn(one!, { model: gpt })
    await rememberRun(run, one!)
    expect(await refusal('eval', '--ensemble')).toContain('no experts of run')
  })
})
