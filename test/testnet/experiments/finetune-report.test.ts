import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { createBatchSampler } from '../../../src/data/batch-sampler.ts'
import type { FinetuneResult } from '../../../testnet/experiments/finetune.ts'
import { togetherSampler } from '../../../testnet/experiments/finetune-ground.ts'
import { finetuneSection } from '../../../testnet/experiments/finetune-report.ts'

const folders: string[] = []
afterEach(async () => { await Promise.all(folders.splice(0).map(async folder => { await rm(folder, { recursive: true }) })) })

async function sectionOf (losses: Readonly<Record<string, readonly number[]>>): Promise<{ readonly text: string, readonly chart: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-finetune-'))
  folders.push(folder)
  await mkdir(join(folder, 'finetune'))
  for (const [arm, values] of Object.entries(losses)) {
    const result: FinetuneResult = {
      arm, title: arm, era: '1982 to 2021', parameters: 220_544, inputsHash: '', secondsTotal: 1, setup: '',
      points: values.map((loss, index) => ({ forwardPasses: 10 * index, bytes: 100 * index, loss }))
    }
    await writeFile(join(folder, 'finetune', `${arm}.json`), JSON.stringify(result))
  }
  const text = await finetuneSection(pathToFileURL(`${folder}/`))
  return { text, chart: await readFile(join(folder, 'finetune-bytes.svg'), 'utf8').catch(() => '') }
}

describe('what fine-tuning came to', () => {
  it('says where scalars lose, by how much, and what ended worse than it began', async () => {
    const { text, chart } = await sectionOf({ ddp: [2, 1.9, 1.8], 'one-byte': [2, 1.99, 1.98], fedkseed: [2, 1.999, 2.1] })
    expect(text).toContain('Zeroth order loses here')
    expect(text).toContain('gained 0.0200 nats, 10.0 % of the 0.2000 that `ddp` gained')
    expect(text).toContain('Ended worse than they began: `fedkseed`')
    expect(chart).toContain('one-byte')
  })

  it('says so where scalars gain as much, and where nothing was gained', async () => {
    expect((await sectionOf({ ddp: [2, 1.9], 'one-byte': [2, 1.8] })).text).toContain('Zeroth order (`one-byte`) gained 0.2000 nats, `ddp` 0.1000')
    expect((await sectionOf({ ddp: [2, 1.9], 'one-byte': [2, 2.5] })).text).toContain('no scalar method gained anything')
  })

  it('says that nothing was measured where nothing was', async () => {
    expect((await sectionOf({})).text).toContain('Not measured yet')
  })
})

it('a step of all peers together looks at what each of them would', () => {
  const text = Uint8Array.from({ length: 100 }, (_, index) => index)
  const samplers = [1, 2].map(seed => createBatchSampler(text, seed, { rows: 2, length: 5 }))
  const [one, other] = samplers.map(sample => sample(3))
  const together = togetherSampler(samplers)(3)
  expect(together).toMatchObject({ rows: 4, length: 5 })
  expect(Array.from(together.inputs)).toEqual([...one!.inputs, ...other!.inputs])
  expect(Array.from(together.targets)).toEqual([...one!.targets, ...other!.targets])
})
