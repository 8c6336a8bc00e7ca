import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let texts: string
beforeAll(async () => {
  folder = await temporaryFolder()
  texts = join(folder.path, 'texts')
  await mkdir(join(texts, 'poems'), { recursive: true })
  const verses = (who: string, count: number): string => Array.from({ length: count }, (_, verse) => JSON.stringify({ body: `The ${verse}th verse of ${who}: rain on the sea, the sea under rain.`, who })).join('\n')
  await writeFile(join(texts, 'poems', 'a.jsonl'), `${verses('anna', 300)}\n${verses('ben', 200)}`)
  await writeFile(join(texts, 'b.jsonl'), verses('carl', 250))
})
afterAll(async () => folder.remove())

const home = (name: string): string => join(folder.path, name)
const LISTEN = ['--listen', '/ip4/127.0.0.1/tcp/0'] as const

interface Created { readonly runId: string, readonly manifest: { readonly model: { readonly vocabulary: number }, readonly tokenizer: { readonly sha256: string, readonly vocabulary: number }, readonly data: { readonly files: { readonly sha256: string } } } }

describe('a run of somebody’s own data and tokenizer', () => {
  it('is joined by a peer that has neither: it gets both from the first, trains, judges and writes', async () => {
    const tokenizer = join(folder.path, 'tokenizer.json')
    const run = join(folder.path, 'verses.run')
    expect(await shoal(['tokenizer', 'train', '--input', join(texts, 'b.jsonl'), '--data-field', 'body', '--vocabulary', '320', '--output', tokenizer])).toMatchObject({ code: 0 })
    const created = await shoal([
      'run', 'create', '--name', 'verses', '--data', texts, '--data-field', 'body', '--split', 'label', '--label', 'who', '--shards', '2', '--tokenizer', tokenizer,
      '--steps', '40', '--every', '10', '--output', run, '--json', '--data-dir', home('first')
    ])
    expect(created).toMatchObject({ code: 0 })
    const { manifest } = JSON.parse(created.stdout) as Created
    expect(manifest.model.vocabulary).toBe(manifest.tokenizer.vocabulary)
    const first = new ShoalProcess(['join', run, '--json', '--wait-for', '1', '--shard', '1', ...LISTEN, '--data-dir', home('first')])
    const { invite } = await first.event('started')
    const second = new ShoalProcess(['join', invite, '--json', '--wait-for', '1', '--shard', '2', ...LISTEN, '--data-dir', home('second')])
    const reports = await Promise.all([first, second].map(async peer => (await peer.event('finished')).report))
    expect(await Promise.all([first.finished, second.finished])).toMatchObject([{ code: 0 }, { code: 0 }])
    for (const report of reports) expect(report.evalLoss).toBeLessThan(report.startLoss - 0.5)
    const fetched = (sha256: string): Buffer => readFileSync(join(home('second'), 'files', sha256))
    expect(fetched(manifest.tokenizer.sha256)).toEqual(readFileSync(tokenizer))
    for (const file of [join(texts, 'b.jsonl'), join(texts, 'poems', 'a.jsonl')]) {
      expect(fetched(createHash('sha256').update(readFileSync(file)).digest('hex'))).toEqual(readFileSync(file))
    }
    const judged = JSON.parse((await shoal(['eval', '--json', '--data-dir', home('second')])).stdout) as { loss: number, tokens: number, bitsPerCharacter: number }
    expect(judged.loss).toBeCloseTo(reports[1]!.evalLoss, 5)
    expect(judged.bitsPerCharacter).toBeLessThan(judged.loss / Math.LN2)
    const sampled = await shoal(['sample', 'The ', '--tokens', '12', '--json', '--data-dir', home('second')])
    expect(sampled).toMatchObject({ code: 0 })
  })

  it('cannot be joined without its files where nobody has them, and says which', async () => {
    const run = join(folder.path, 'alone.run')
    const created = await shoal(['run', 'create', '--name', 'alone', '--data', texts, '--data-field', 'body', '--steps', '5', '--output', run, '--json', '--data-dir', home('third')])
    const { manifest } = JSON.parse(created.stdout) as Created
    const away = new ShoalProcess(['join', run, '--json', ...LISTEN, '--data-dir', home('fourth')])
    await away.event('waiting', ({ sentence }) => sentence.includes(manifest.data.files.sha256.slice(0, 12)))
    away.kill('SIGINT')
    await away.finished
    expect(existsSync(join(home('fourth'), 'files', manifest.data.files.sha256))).toBe(false)
  })

  it('to which everybody brings a shard keeps it at home', async () => {
    const run = join(folder.path, 'own.run')
    expect(await shoal(['run', 'create', '--name', 'own', '--own-shard', '--data-field', 'body', '--held-out', join(texts, 'b.jsonl'), '--steps', '5', '--output', run, '--data-dir', home('fifth')])).toMatchObject({ code: 0 })
    const without = await shoal(['join', run, ...LISTEN, '--data-dir', home('fifth')])
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('--data <file or directory>') as string })
    const joined = new ShoalProcess(['join', run, '--json', '--data', join(texts, 'poems'), ...LISTEN, '--data-dir', home('fifth')])
    const { report } = await joined.event('finished')
    expect(report.steps).toBe(5)
    expect(await joined.finished).toMatchObject({ code: 0 })
    const own = createHash('sha256').update(readFileSync(join(texts, 'poems', 'a.jsonl'))).digest('hex')
    expect(existsSync(join(home('fifth'), 'files', own)) || existsSync(join(home('fifth'), 'files', `${own}.path`))).toBe(false)
  })
})
