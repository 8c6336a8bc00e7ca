import { createHash } from 'node:crypto'
import { existsSync, readFileSync, utimesSync, writeFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileStore } from '../../../node/data/file-store.ts'
import { findFiles } from '../../../node/data/find-files.ts'
import { obtainFile, obtainFiles } from '../../../node/data/obtain-files.ts'
import type { FileSource } from '../../../node/data/obtain-files.ts'
import { RunFiles } from '../../../node/data/run-files.ts'
import { WireError } from '../../../protocols/wire/errors.ts'
import { FILE_PART_BYTES } from '../../../protocols/wire/limits.ts'
import { ShoalError } from '../../../src/errors.ts'
import { writeFileList } from '../../../src/data/file-list.ts'
import type { RunManifest } from '../../../src/manifest/schema.ts'
import { folderWith, someBytes } from './support.ts'

const content = someBytes(2 * FILE_PART_BYTES + 99)
const sha256 = createHash('sha256').update(content).digest('hex')
const file = { name: 'a.txt', sha256, bytes: content.length }

/** What a peer does when it is asked: gives parts of some bytes, and then perhaps breaks off. */
type Behaviour = (offset: number, give: (part: Uint8Array) => Promise<void>) => Promise<void>

const honest = (bytes = content, parts = Infinity): Behaviour => async (offset, give) => {
  for (let at = offset, given = 0; at < bytes.length; at += FILE_PART_BYTES) {
    if (given++ === parts) throw new Error('the connection broke')
    await give(bytes.slice(at, at + FILE_PART_BYTES))
  }
}
const refusing: Behaviour = async () => Promise.reject(new Error('it has no such file'))

function sourceOf (behaviours: Readonly<Record<string, Behaviour>>): FileSource & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    present: () => Object.keys(behaviours).map(peerId => ({ peerId, round: 0, step: 0, training: true })),
    onChange: () => () => undefined,
    fetchFile: async (peerId, wanted, take) => {
      asked.push(`${peerId} from ${wanted.offset}`)
      await behaviours[peerId]!(wanted.offset, take)
    }
  }
}

async function obtain (behaviours: Readonly<Record<string, Behaviour>>, root = folderWith()): Promise<{ readonly asked: readonly string[], readonly root: string }> {
  const source = sourceOf(behaviours)
  await obtainFile(file, new FileStore(root), { source, say: () => undefined, signal: new AbortController().signal, patienceMs: 0 })
  return { asked: source.asked, root }
}

describe('obtaining a file', () => {
  it('goes on with another peer where one breaks off', async () => {
    const { asked, root } = await obtain({ anna: honest(content, 1), ben: honest() })
    expect(asked).toEqual(['anna from 0', `ben from ${FILE_PART_BYTES}`])
    expect(Buffer.compare(readFileSync(join(root, 'files', sha256)), content)).toBe(0)
    expect(existsSync(join(root, 'files', `${sha256}.part`))).toBe(false)
  })

  it('goes on in a later process, from the last whole part', async () => {
    const root = folderWith()
    await expect(obtain({ anna: honest(content, 2) }, root)).rejects.toMatchObject({ code: 'DATA_MISSING' })
    truncateSync(join(root, 'files', `${sha256}.part`), 2 * FILE_PART_BYTES - 5)
    expect((await obtain({ anna: honest() }, root)).asked).toEqual([`anna from ${FILE_PART_BYTES}`])
  })

  it('never takes wrong bytes: who gave them all is not asked again, of two nobody is accused', async () => {
    const wrong = someBytes(content.length, 2)
    expect((await obtain({ liar: honest(wrong), anna: honest() })).asked).toEqual(['liar from 0', 'anna from 0'])
    expect((await obtain({ liar: honest(wrong, 1), anna: honest() })).asked).toEqual(['liar from 0', `anna from ${FILE_PART_BYTES}`, 'anna from 0'])
    await expect(obtain({ liar: honest(wrong) })).rejects.toMatchObject({ code: 'DATA_MISSING', why: expect.stringContaining('liar: what it gave has another SHA-256') as string })
  })

  it('says which hash is missing, and what each peer answered', async () => {
    await expect(obtain({ anna: refusing })).rejects.toMatchObject({
      code: 'DATA_MISSING', message: expect.stringContaining(sha256) as string, why: 'a.txt is not on this machine, and no peer gives it; anna: it has no such file'
    })
    await expect(obtain({})).rejects.toMatchObject({ why: expect.stringContaining('nobody of the run is here') as string })
  })

  it('asks a peer again that is busy with others', async () => {
    const busy = new ShoalError({ code: 'PEER_INCOMPATIBLE', what: 'no', why: 'busy', tryThis: 'later', cause: new WireError('refused', 'busy', { code: 'BUSY', sentence: 'busy' }) })
    let asked = 0
    const patient = sourceOf({ anna: async (offset, give) => {
      if (asked++ < 3) throw busy
      await honest()(offset, give)
    } })
    // Whoever is told of a change asks again at once.
    const source: FileSource = { ...patient, onChange: listener => { queueMicrotask(listener); return () => undefined } }
    await obtainFile(file, new FileStore(folderWith()), { source, say: () => undefined, signal: new AbortController().signal, patienceMs: 60_000 })
    expect(asked).toBe(4)
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const source = sourceOf({ anna: refusing })
    const outcome = obtainFile(file, new FileStore(folderWith()), { source, say: () => undefined, signal: stop.signal, patienceMs: 1e9 })
    stop.abort(new Error('enough'))
    await expect(outcome).rejects.toThrow('enough')
  })
})

describe('the files of a run', () => {
  const texts = { 'one.txt': 'one', 'deep/two.txt': 'two', 'secret.txt': 'not of the run' }

  async function runOf (place: string, store: FileStore): Promise<Pick<RunManifest, 'data' | 'tokenizer'>> {
    const found = (await findFiles([place])).filter(({ name }) => !name.endsWith('secret.txt'))
    for (const one of found) await store.remember(one.sha256, one)
    const list = writeFileList(found.map(({ name, sha256: hash, bytes }) => ({ name, sha256: hash, bytes })))
    return {
      tokenizer: { kind: 'file', sha256: await store.write(new TextEncoder().encode('a tokenizer')), bytes: 11, vocabulary: 300 },
      data: { corpus: 'files', files: { sha256: await store.write(list), listBytes: list.length, bytes: 6 }, holdOutEvery: 2, shards: 1, split: 'iid' }
    }
  }

  it('are all that a peer gives away, and all that one without them needs', async () => {
    const place = folderWith(texts)
    const store = new FileStore(folderWith())
    const run = await runOf(place, store)
    const theirs = new RunFiles(run, store)
    const mine = new RunFiles(run, new FileStore(folderWith()))
    const source: FileSource = {
      present: () => [{ peerId: 'anna', round: 0, step: 0, training: true }],
      onChange: () => () => undefined,
      fetchFile: async (_, wanted, take) => {
        const open = await theirs.open(Buffer.from(wanted.sha256).toString('hex'))
        if (open === undefined) throw new Error('refused')
        await take(await open.read(wanted.offset, wanted.bytes))
        await open.close()
      }
    }
    await expect(mine.located()).rejects.toMatchObject({ code: 'DATA_MISSING' })
    await obtainFiles(mine, { source, say: () => undefined, signal: new AbortController().signal, patienceMs: 0 })
    expect((await mine.located()).map(({ path }) => readFileSync(path, 'utf8'))).toEqual((await theirs.located()).map(({ path }) => readFileSync(path, 'utf8')))
    expect(await mine.tokenizer()).toBe('a tokenizer')
    const secret = (await findFiles([join(place, 'secret.txt')]))[0]!
    await store.remember(secret.sha256, secret)
    expect(await theirs.open(secret.sha256)).toBeUndefined()
  })

  it('are missing once their owner changed them, and known again when only their time did', async () => {
    const place = folderWith(texts)
    const store = new FileStore(folderWith())
    const files = new RunFiles(await runOf(place, store), store)
    utimesSync(join(place, 'one.txt'), 5, 5)
    expect(await files.located()).toHaveLength(2)
    writeFileSync(join(place, 'one.txt'), 'eno')
    await expect(files.located()).rejects.toMatchObject({ code: 'DATA_MISSING', why: expect.stringContaining(`one.txt (3 bytes) is no longer what it was at ${join(place, 'one.txt')}`) as string })
  })
})
