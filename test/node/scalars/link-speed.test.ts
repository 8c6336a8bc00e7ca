import { describe, expect, it, vi } from 'vitest'
import type { Checks, MemberCheck } from '../../../node/network/checks.ts'
import { linkSpeed } from '../../../node/scalars/link-speed.ts'

const MEMBER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const MEGABYTE = 1e6
const ASSUMED = 1_250_000
const never = new AbortController().signal

function answering (downloadBytesPerSecond: number | undefined): Pick<Checks, 'ask'> {
  return { ask: async (peerId, { download }) => Promise.resolve({ peerId, roundTripMs: 1, skewMs: 0, software: '', observed: '', uploadBytesPerSecond: undefined, downloadBytesPerSecond: download === 0 ? undefined : downloadBytesPerSecond, dials: [] } satisfies MemberCheck) }
}

describe('what a joiner reckons with', () => {
  it('is what a probe found, and the sentence says so', async () => {
    expect(await linkSpeed(answering(7000), MEMBER, MEGABYTE, never)).toEqual({ bytesPerSecond: 7000, told: expect.stringMatching(/^over a link that brings 7.*by a probe of .* from/) as string })
  })

  it('is assumed where a probe is not worth it, says nothing or fails, with the reason', async () => {
    const refusing: Pick<Checks, 'ask'> = { ask: async () => Promise.reject(new Error('not so often')) }
    const none: Pick<Checks, 'ask'> = { ask: () => { throw new Error('nobody was to be asked') } }
    for (const [checks, chosen, why] of [[none, 1000, 'not worth a probe'], [answering(undefined), MEGABYTE, 'over before it could be measured'], [refusing, MEGABYTE, 'not so often']] as const) {
      expect(await linkSpeed(checks, MEMBER, chosen, never)).toEqual({ bytesPerSecond: ASSUMED, told: expect.stringContaining(why) as string })
    }
  })

  it('is what the probe would have taken where it takes longer, and ends with its signal', async () => {
    const silent: Pick<Checks, 'ask'> = { ask: async (_peerId, _request, signal) => new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { reject(signal.reason as Error) }) }) }
    const timeout = new AbortController()
    const spied = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal)
    const slow = linkSpeed(silent, MEMBER, MEGABYTE, never)
    timeout.abort(new Error('too slow'))
    expect(await slow).toEqual({ bytesPerSecond: 26_214.4, told: expect.stringContaining('less than') as string })
    spied.mockReturnValue(never)
    const stop = new AbortController()
    const stopped = linkSpeed(silent, MEMBER, MEGABYTE, stop.signal)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    spied.mockRestore()
  })
})
