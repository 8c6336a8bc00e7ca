import { streamPair } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Stream } from '@libp2p/interface'
import { describeBody, readBody, writeBody } from '../../../protocols/wire/body.ts'
import { StreamIO, type StreamIOOptions } from '../../../protocols/wire/stream-io.ts'

async function pair (options: StreamIOOptions = {}): Promise<{ near: StreamIO, far: StreamIO, streams: [Stream, Stream] }> {
  const streams = await streamPair()
  return { near: new StreamIO(streams[0], options), far: new StreamIO(streams[1], options), streams }
}

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index * 31)

describe('StreamIO', () => {
  it('carries frames of any size in any pieces', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), async frames => {
      const { near, far } = await pair()
      for (const frame of frames) await near.writeFrame(frame)
      await near.end()
      const arrived: Uint8Array[] = []
      for (let frame = await far.readFrame(); frame !== undefined; frame = await far.readFrame()) arrived.push(frame)
      expect(arrived.map(frame => [...frame])).toEqual(frames.map(frame => [...frame]))
    }), { numRuns: 30 })
  })

  it('carries frames and bodies on one stream', async () => {
    const { near, far } = await pair()
    const body = counting(700_000)
    const sending = (async () => {
      await near.writeFrame(Uint8Array.of(1))
      await writeBody(near, body)
      await near.writeFrame(Uint8Array.of(2))
    })()
    expect(await far.readFrame()).toEqual(Uint8Array.of(1))
    expect(Buffer.compare(await readBody(far, describeBody(body), body.byteLength), body)).toBe(0)
    expect(await far.readFrame()).toEqual(Uint8Array.of(2))
    await sending
  })

  it('refuses a frame above the maximum before it is stored', async () => {
    const { near, far } = await pair({ maximumFrameBytes: 100 })
    await near.write(Uint8Array.of(101))
    await expect(far.readFrame()).rejects.toMatchObject({ name: 'WireError', fault: 'too-long' })
  })

  it('tells a stream that ended within a message from one that ended between two', async () => {
    for (const [bytes, fault] of [[[5, 1, 2], 'truncated'], [[0x85], 'truncated'], [[], undefined]] as const) {
      const { near, far } = await pair()
      if (bytes.length > 0) await near.write(Uint8Array.from(bytes))
      await near.end()
      if (fault === undefined) expect(await far.readFrame()).toBeUndefined()
      else await expect(far.readFrame()).rejects.toMatchObject({ fault })
    }
  })

  it('gives up on silence', async () => {
    const { far } = await pair({ idleMs: 5 })
    await expect(far.readFrame()).rejects.toMatchObject({ fault: 'idle' })
    await expect(far.readFrame({ idleMs: 7 })).rejects.toThrow('no byte moved for 0.007 s')
  })

  it('is patient between messages, not within one', async () => {
    const { near, far } = await pair({ idleMs: 5 })
    await near.write(Uint8Array.of(4, 1))
    await expect(far.readFrame({ idleMs: 60_000 })).rejects.toThrow('no byte moved for 0.005 s')
  })

  it('ends a wait when the signal is aborted', async () => {
    const { far } = await pair()
    const controller = new AbortController()
    const reading = far.readFrame({ signal: controller.signal })
    controller.abort(new Error('the user gave up'))
    await expect(reading).rejects.toThrow('the user gave up')
    await expect(far.readFrame({ signal: controller.signal })).rejects.toThrow('the user gave up')
  })

  it('tells a reset from an end, and delivers what came before it', async () => {
    const { near, far, streams } = await pair()
    await near.writeFrame(Uint8Array.of(7))
    expect(await far.readFrame()).toEqual(Uint8Array.of(7))
    streams[0].abort(new Error('gone'))
    await expect(far.readFrame()).rejects.toMatchObject({ fault: 'broken' })
    await expect(far.write(Uint8Array.of(1))).rejects.toMatchObject({ fault: 'broken' })
  })

  it('reads bytes that were pushed back after the stream told its end', async () => {
    const [near, far] = await streamPair()
    // what protocol negotiation does: it reads too much, and hands the rest back once the sender is done
    const early = new Uint8ArrayList()
    const take = (event: { data: Uint8Array | Uint8ArrayList }): void => { early.append(event.data) }
    far.addEventListener('message', take)
    const ended = new Promise<void>(resolve => { far.addEventListener('remoteCloseWrite', () => { resolve() }) })
    near.send(Uint8Array.of(2, 8, 9))
    await near.close()
    await ended
    far.removeEventListener('message', take)
    expect(far.readableEnded).toBe(true)
    if (far.readStatus === 'readable') {
      far.unshift(early)
      expect(await new StreamIO(far).readFrame()).toEqual(Uint8Array.of(8, 9))
    }
  })
})

describe('a body', () => {
  it('is refused when its hash differs, when it is cut short, and when it is announced too long', async () => {
    const body = counting(1000)
    const { near, far } = await pair()
    await writeBody(near, body)
    await expect(readBody(far, { byteLength: 1000, sha256: new Uint8Array(32) }, 1000)).rejects.toMatchObject({ fault: 'malformed' })
    await writeBody(near, body.subarray(0, 999))
    await near.end()
    await expect(readBody(far, describeBody(body), 1000)).rejects.toMatchObject({ fault: 'truncated' })
    await expect(readBody(far, { byteLength: 1001, sha256: new Uint8Array(32) }, 1000)).rejects.toMatchObject({ fault: 'too-long' })
  })
})
