import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fetchState } from '../../../protocols/state/client.ts'
import { StateHandler, type StateHandlerOptions } from '../../../protocols/state/handler.ts'
import { bytesToWeights, encodeAnswer, weightsToBytes } from '../../../protocols/state/messages.ts'
import { describeBody, writeBody } from '../../../protocols/wire/body.ts'
import { StreamIO } from '../../../protocols/wire/stream-io.ts'

const weights = Float32Array.of(1, -2.5, 3e-38, 7)

async function ask (options: Partial<StateHandlerOptions>, layoutHash = 'l1', maximumBytes = 16): ReturnType<typeof fetchState> {
  const handler = new StateHandler({ layoutHash: 'l1', snapshot: () => ({ round: 3, step: 60, weights }), refusal: () => Promise.resolve(undefined), ...options })
  const [near, far] = await streamPair()
  const serving = handler.serve(far, 'anna').catch(() => undefined)
  try {
    return await fetchState(near, { layoutHash, maximumBytes })
  } finally {
    await serving
  }
}

describe('the state protocol', () => {
  it('weights travel as fp32 little-endian', () => {
    expect([...weightsToBytes(Float32Array.of(1, -2))]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
    fc.assert(fc.property(fc.float32Array(), values => {
      expect(bytesToWeights(weightsToBytes(values))).toEqual(values)
    }))
  })

  it('serves a snapshot', async () => {
    expect(await ask({})).toEqual({ round: 3, step: 60, weights })
  })

  it('refuses with the peer\'s sentence', async () => {
    await expect(ask({ snapshot: () => undefined })).rejects.toMatchObject({ fault: 'refused', message: 'the refusing peer is not training: it has no weights to give yet' })
    await expect(ask({}, 'l2')).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('l2') as string })
    await expect(ask({ refusal: () => Promise.resolve({ code: 'NOT_ADMITTED', sentence: 'who are you' }) })).rejects.toMatchObject({ fault: 'refused', message: 'who are you' })
  })

  it('never accepts more than was asked for, values that are not finite, or another layout', async () => {
    await expect(ask({}, 'l1', 12)).rejects.toMatchObject({ fault: 'too-long' })
    await expect(ask({ snapshot: () => ({ round: 0, step: 0, weights: Float32Array.of(Infinity) }) })).rejects.toMatchObject({ fault: 'malformed' })
    await expect(lie({ layoutHash: 'l2' }, new Uint8Array(8))).rejects.toMatchObject({ fault: 'malformed' })
    await expect(lie({}, new Uint8Array(7))).rejects.toMatchObject({ fault: 'malformed' })
    await expect(lie({ sha256: new Uint8Array(32) }, new Uint8Array(8))).rejects.toMatchObject({ fault: 'malformed' })
    await expect(lie({ byteLength: 16 }, new Uint8Array(8))).rejects.toMatchObject({ fault: 'truncated' })
  })
})

/** Asks a peer whose header and body differ. */
async function lie (header: Partial<{ layoutHash: string, sha256: Uint8Array, byteLength: number }>, body: Uint8Array): ReturnType<typeof fetchState> {
  const [near, far] = await streamPair()
  const io = new StreamIO(far)
  const lying = (async () => {
    await io.readFrame()
    await io.writeFrame(encodeAnswer({ round: 0, step: 0, layoutHash: 'l1', ...describeBody(body), ...header }))
    await writeBody(io, body)
    await io.end()
  })().catch(() => undefined)
  try {
    return await fetchState(near, { layoutHash: 'l1', maximumBytes: 16 })
  } finally {
    await lying
  }
}
