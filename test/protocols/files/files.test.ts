import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fetchFile } from '../../../protocols/files/client.ts'
import { FilesHandler, type FilesHandlerOptions } from '../../../protocols/files/handler.ts'
import { decodeRequest, encodeAnswer, encodeRequest, type FileHeader } from '../../../protocols/files/messages.ts'
import { describeBody, writeBody } from '../../../protocols/wire/body.ts'
import { FILE_PART_BYTES } from '../../../protocols/wire/limits.ts'
import { StreamIO } from '../../../protocols/wire/stream-io.ts'
import { ShoalError } from '../../../src/errors.ts'

const content = Uint8Array.from({ length: 2 * FILE_PART_BYTES + 777 }, (_, index) => (index * 31 + (index >> 8)) & 0xff)
const hash = sha256(content)

interface Opened { readonly longest: number, readonly closed: number }

/** A handler over the content, and what was asked of the file. */
function served (options: Partial<FilesHandlerOptions> = {}): { readonly handler: FilesHandler, readonly seen: Opened } {
  const seen = { longest: 0, closed: 0 }
  const handler = new FilesHandler({
    open: async name => Promise.resolve(name !== bytesToHex(hash) ? undefined : {
      bytes: content.length,
      read: async (offset, length) => {
        seen.longest = Math.max(seen.longest, length)
        return Promise.resolve(content.slice(offset, offset + length))
      },
      close: async () => { seen.closed++; return Promise.resolve() }
    }),
    refusal: () => Promise.resolve(undefined),
    signal: new AbortController().signal,
    ...options
  })
  return { handler, seen }
}

async function ask (handler: FilesHandler, wanted: Partial<Parameters<typeof fetchFile>[1]> = {}, take?: (part: Uint8Array) => Promise<void>): Promise<Uint8Array> {
  const [near, far] = await streamPair()
  const serving = handler.serve(far, 'anna').catch(() => undefined)
  const parts: Uint8Array[] = []
  try {
    await fetchFile(near, { sha256: hash, bytes: content.length, offset: 0, ...wanted }, take ?? (async part => { parts.push(part); return Promise.resolve() }))
  } finally {
    await serving
  }
  return Buffer.concat(parts)
}

describe('the files protocol', () => {
  it('gives a file in parts that fit into memory, and closes it', async () => {
    const { handler, seen } = served()
    expect(Buffer.compare(await ask(handler), content)).toBe(0)
    expect(seen).toEqual({ longest: FILE_PART_BYTES, closed: 1 })
  })

  it('goes on from any offset', async () => {
    const { handler } = served()
    await fc.assert(fc.asyncProperty(fc.nat(content.length), async offset => {
      expect(Buffer.compare(await ask(handler, { offset }), content.subarray(offset))).toBe(0)
    }), { numRuns: 6 })
  })

  it('refuses what it has not, strangers, and more than it can serve, in a sentence', async () => {
    await expect(ask(served().handler, { sha256: sha256(hash) })).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('no such part') as string })
    await expect(ask(served({ refusal: () => Promise.resolve({ code: 'NOT_ADMITTED', sentence: 'who are you' }) }).handler)).rejects.toMatchObject({ fault: 'refused', message: 'who are you' })
    const { handler } = served()
    const held = await Promise.all(Array.from({ length: 4 }, async () => {
      const [near, far] = await streamPair()
      return { near, serving: handler.serve(far, 'anna').catch(() => undefined) }
    }))
    await expect(ask(handler)).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('already serves 4 files') as string })
    for (const { near, serving } of held) { near.abort(new Error('over')); await serving }
    expect((await ask(handler)).length).toBe(content.length)
  })

  it('goes on serving whoever came first when one too many comes', async () => {
    const { handler } = served()
    const [near, far] = await streamPair()
    let latecomer: Promise<unknown> | undefined
    let taken = 0
    await Promise.all(Array.from({ length: 4 }, async () => ask(handler, {}, async part => {
      taken += part.length
      // It says nothing for as long as the others take.
      latecomer ??= handler.serve(far, 'ben').catch((error: unknown) => error)
      return Promise.resolve()
    })))
    expect(taken).toBe(4 * content.length)
    near.abort(new Error('over'))
    await latecomer
  })

  it('closes the file when the asking side goes, or asks for nonsense', async () => {
    for (const last of [encodeRequest({ file: hash, offset: 0, length: 1 }).subarray(1), undefined]) {
      const { handler, seen } = served()
      const [near, far] = await streamPair()
      const io = new StreamIO(near)
      const serving = handler.serve(far, 'anna').catch((error: unknown) => error)
      await io.writeFrame(encodeRequest({ file: hash, offset: 5, length: 10 }))
      await io.readFrame()
      if (last === undefined) io.abort(new Error('gone'))
      else await io.writeFrame(last)
      expect(await serving).toMatchObject({ fault: last === undefined ? 'broken' : 'malformed' })
      expect(seen.closed).toBe(1)
    }
  })

  it('tells what goes wrong here from what goes wrong there', async () => {
    const full = new ShoalError({ code: 'DATA_DIRECTORY_UNWRITABLE', what: 'full', why: 'full', tryThis: 'less' })
    await expect(ask(served().handler, {}, async () => Promise.reject(full))).rejects.toBe(full)
  })
})

describe('a peer that lies', () => {
  const part = content.subarray(0, FILE_PART_BYTES)

  /** Answers the first request with this header over this body. */
  async function lie (header: Partial<FileHeader>, body = part): Promise<unknown> {
    const [near, far] = await streamPair()
    const io = new StreamIO(far)
    const lying = (async () => {
      decodeRequest((await io.readFrame())!)
      await io.writeFrame(encodeAnswer({ fileBytes: content.length, ...describeBody(part), ...header }))
      await writeBody(io, body)
      await io.end()
    })().catch(() => undefined)
    let taken = 0
    const outcome = await fetchFile(near, { sha256: hash, bytes: content.length, offset: 0 }, async () => { taken++; return Promise.resolve() }).catch((error: unknown) => error)
    await lying
    expect(taken).toBe(0)
    return outcome
  }

  it.each([
    ['about the size of the file', { fileBytes: 5 }, part, 'malformed'],
    ['with a part too long', { byteLength: FILE_PART_BYTES + 1 }, part, 'malformed'],
    ['with a part too short', { byteLength: 7 }, part, 'malformed'],
    ['about a part’s hash', { sha256: hash }, part, 'malformed'],
    ['and ends early', {}, part.subarray(0, 1000), 'truncated']
  ] as const)('%s is found out before anything is kept', async (_, header, body, fault) => {
    expect(await lie(header, body)).toMatchObject({ fault })
  })
})
