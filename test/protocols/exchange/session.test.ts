import { streamPair } from '@libp2p/utils'
import type { Stream } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { openExchange } from '../../../protocols/exchange/client.ts'
import { ExchangeHandler } from '../../../protocols/exchange/handler.ts'
import { ExchangeSession } from '../../../protocols/exchange/session.ts'
import { MAXIMUM_EXCHANGES_PER_PEER, MAXIMUM_QUEUED_MESSAGES } from '../../../protocols/wire/limits.ts'
import type { Exchange, ExchangeMessage } from '../../../src/ports.ts'

interface Side { exchange: Exchange, messages: ExchangeMessage[], reasons: string[], over: Promise<void> }

function side (stream: Promise<Stream>, maximumPayloadBytes = 10_000): Side {
  const session = new ExchangeSession({ partner: 'partner', maximumPayloadBytes })
  const messages: ExchangeMessage[] = []
  const reasons: string[] = []
  const over = session.run(() => stream, { message: message => messages.push(message), closed: reason => reasons.push(reason) })
  return { exchange: session, messages, reasons, over }
}

async function two (maximumPayloadBytes?: number): Promise<[Side, Side]> {
  const [near, far] = await streamPair()
  return [side(Promise.resolve(near), maximumPayloadBytes), side(Promise.resolve(far), maximumPayloadBytes)]
}

const contribution = (bytes: number): ExchangeMessage => ({ kind: 'contribution', round: 1, fragment: 0, tokens: 9, payload: new Uint8Array(bytes).fill(5) })

describe('an exchange session', () => {
  it('delivers messages in order, and the reason of the close', async () => {
    const [a, b] = await two()
    const sent: ExchangeMessage[] = [{ kind: 'offer', round: 1, fragment: 0 }, contribution(5000), { kind: 'commit', round: 1 }]
    for (const message of sent) a.exchange.send(message)
    a.exchange.close('averaged')
    await Promise.all([a.over, b.over])
    expect(b.messages).toEqual(sent)
    expect(b.reasons).toEqual(['averaged'])
    expect(a.reasons).toEqual([])
  })

  it('is closed once, however often and by both sides', async () => {
    const [a, b] = await two()
    a.exchange.close('first')
    a.exchange.close('second')
    b.exchange.close('third')
    a.exchange.send({ kind: 'commit', round: 1 })
    await Promise.all([a.over, b.over])
    expect([...a.reasons, ...b.reasons, ...b.messages]).toEqual([])
  })

  it('closes when the partner takes nothing', async () => {
    const session = new ExchangeSession({ partner: 'partner', maximumPayloadBytes: 10 })
    const reasons: string[] = []
    const over = session.run(async signal => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason as Error) })
    }), { message () {}, closed: reason => reasons.push(reason) })
    for (let count = 0; count <= MAXIMUM_QUEUED_MESSAGES; count++) session.send({ kind: 'commit', round: count })
    await over
    expect(reasons).toEqual(['16 messages wait and the partner takes none'])
  })

  it('tells when the stream cannot be opened', async () => {
    const a = side(Promise.reject(new Error('no route')))
    await a.over
    expect(a.reasons).toEqual(['the stream broke: no route'])
  })

  it('ends when its signal is aborted', async () => {
    const [near] = await streamPair()
    const controller = new AbortController()
    const reasons: string[] = []
    openExchange(() => Promise.resolve(near), { partner: 'partner', maximumPayloadBytes: 1, signal: controller.signal }, {
      message () {},
      closed: reason => reasons.push(reason)
    })
    controller.abort(new Error('this peer stops'))
    await expect.poll(() => reasons).toEqual(['the stream broke: this peer stops'])
  })

  it('survives a listener that throws, and says so', async () => {
    const [near, far] = await streamPair()
    const faults: unknown[] = []
    const session = new ExchangeSession({ partner: 'partner', maximumPayloadBytes: 1, onFault: error => faults.push(error) })
    const over = session.run(() => Promise.resolve(near), { message () { throw new Error('a bug here') }, closed () {} })
    const b = side(Promise.resolve(far))
    b.exchange.send({ kind: 'commit', round: 1 })
    await Promise.all([over, b.over])
    expect(faults).toMatchObject([{ message: 'a bug here' }])
    expect(b.reasons).toEqual(['this peer failed'])
  })
})

describe('the exchange handler', () => {
  it('refuses more exchanges than a peer may have open, and takes the next once one is over', async () => {
    const sessions: Exchange[] = []
    const handler = new ExchangeHandler({
      maximumPayloadBytes: 10,
      refusal: () => Promise.resolve(undefined),
      acceptor: () => exchange => {
        sessions.push(exchange)
        return { message () {}, closed () {} }
      }
    })
    const open = async (): Promise<{ theirs: Side, served: Promise<void> }> => {
      const [near, far] = await streamPair()
      return { theirs: side(Promise.resolve(near)), served: handler.serve(far, 'anna') }
    }
    const opened = await Promise.all(Array.from({ length: MAXIMUM_EXCHANGES_PER_PEER }, open))
    const refused = await open()
    await refused.theirs.over
    expect(refused.theirs.messages).toMatchObject([{ kind: 'reject', code: 'TOO_MANY_REQUESTS' }])
    opened[0]!.theirs.exchange.close('done')
    await opened[0]!.served
    await refused.served
    await open()
    await expect.poll(() => sessions.length).toBe(MAXIMUM_EXCHANGES_PER_PEER + 1)
    for (const session of sessions) session.close('the test is over')
  })
})
