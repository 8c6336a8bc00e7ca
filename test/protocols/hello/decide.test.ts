import fc from 'fast-check'
import { streamPair } from '@libp2p/utils'
import { describe, expect, it } from 'vitest'
import { decideHello, refuse, type HelloTerms } from '../../../protocols/hello/decide.ts'
import { sayHello } from '../../../protocols/hello/client.ts'
import { answerHello } from '../../../protocols/hello/handler.ts'
import type { Hello } from '../../../protocols/hello/messages.ts'
import { rejectionCodeSchema, rejectionSentence } from '../../../protocols/wire/rejection.ts'

const OURS: HelloTerms = { protocols: { minimum: 2, maximum: 3 }, runId: 'run-a', layoutHash: 'layout-a', codec: 'int8(64)' }

const sayable: Hello = { ...OURS, software: 'test', progress: { round: 1, step: 2, training: true }, addresses: [], peers: [] }

describe('decideHello', () => {
  it.each([
    ['the same terms', {}, undefined],
    ['an older peer that still speaks version 2', { protocols: { minimum: 1, maximum: 2 } }, undefined],
    ['a newer peer that still speaks version 3', { protocols: { minimum: 3, maximum: 9 } }, undefined],
    ['a peer too old', { protocols: { minimum: 1, maximum: 1 } }, 'the refused peer speaks protocol versions 1, the refusing peer 2 to 3; the older of the two needs a newer Shoal'],
    ['a peer too new', { protocols: { minimum: 4, maximum: 5 } }, 'the refused peer speaks protocol versions 4 to 5, the refusing peer 2 to 3; the older of the two needs a newer Shoal'],
    ['another run', { runId: 'run-b' }, 'the refused peer trains run run-b, the refusing peer trains run run-a'],
    ['another layout', { layoutHash: 'layout-b' }, 'the refused peer lays out its weights as layout-b, the refusing peer as layout-a; their software builds different models'],
    ['another codec', { codec: 'int4(64)' }, 'the refused peer encodes weights with int4(64), the refusing peer with int8(64)'],
    ['another run and layout: the run is named', { runId: 'run-b', layoutHash: 'layout-b' }, 'the refused peer trains run run-b, the refusing peer trains run run-a']
  ])('%s', (_what, difference, sentence) => {
    const verdict = decideHello(OURS, { ...OURS, ...difference })
    expect(verdict.accept ? undefined : verdict.sentence).toBe(sentence)
  })

  it('accepts one way exactly when it accepts the other way', () => {
    const version = fc.integer({ min: 1, max: 5 })
    const terms = fc.record({
      protocols: fc.tuple(version, version).map(([a, b]) => ({ minimum: Math.min(a, b), maximum: Math.max(a, b) })),
      runId: fc.constantFrom('a', 'b'),
      layoutHash: fc.constantFrom('a', 'b'),
      codec: fc.constantFrom('a', 'b')
    })
    fc.assert(fc.property(terms, terms, (a, b) => {
      const [here, there] = [decideHello(a, b), decideHello(b, a)]
      expect(here.accept).toBe(there.accept)
      if (!here.accept && !there.accept) expect(here.code).toBe(there.code)
    }))
  })
})

describe('a hello over a stream', () => {
  async function meet (ours: Hello, theirs: Hello, options: Parameters<typeof answerHello>[2] = {}): Promise<readonly unknown[]> {
    const [near, far] = await streamPair()
    return Promise.all([sayHello(near, ours), answerHello(far, theirs, options)])
  }

  it('tells each side about the other', async () => {
    const other = { ...sayable, software: 'other' }
    expect(await meet(sayable, other)).toEqual([{ kind: 'accepted', theirs: other }, { kind: 'accepted', theirs: sayable }])
  })

  it('gives both sides the same refusal', async () => {
    const [near, far] = await meet(sayable, { ...sayable, codec: 'raw' }) as [{ rejection: object }, { rejection: object }]
    expect(near).toMatchObject({ kind: 'rejected', by: 'them', rejection: { code: 'WRONG_CODEC' } })
    expect(far).toMatchObject({ kind: 'rejected', by: 'us' })
    expect(near.rejection).toEqual(far.rejection)
  })

  it('can refuse for a reason of the moment', async () => {
    const refusal = (): ReturnType<typeof refuse> => refuse('BUSY', { what: 'it is full' })
    expect(await meet(sayable, sayable, { refusal })).toMatchObject([{ rejection: { code: 'BUSY', sentence: 'the refusing peer is busy: it is full' } }, { by: 'us' }])
  })
})

it('a code from the future reads as UNKNOWN', () => {
  expect(rejectionCodeSchema.parse('TOO_COLD')).toBe('UNKNOWN')
  expect(rejectionCodeSchema.parse('BUSY')).toBe('BUSY')
  expect(rejectionSentence('ROUND_PASSED', { asked: 3, current: 5 })).toBe('round 3 has passed, the refusing peer is in round 5')
})
