import { describe, expect, it } from 'vitest'
import type { Between } from '../../../node/peer/between.ts'
import type { ExchangeMessage, Peers, ScalarOutcome, Trainer, TrainingOutcome } from '../../../src/ports.ts'
import { Liar } from '../../../testnet/dishonesty/liar.ts'
import type { Attack } from '../../../testnet/scenarios/attacks.ts'

const CONTRIBUTION: ExchangeMessage = { kind: 'contribution', round: 3, fragment: 0, tokens: 5, payload: Uint8Array.of(1, 2, 3) }
const LOSSES = [{ above: 2, below: 1 }]

interface Met {
  readonly between: Between
  readonly told: string[]
}

function met (liar: Liar): Met {
  const told: string[] = []
  return { between: liar.between({ seed: 1, warn: sentence => { told.push(sentence) } }), told }
}

/** What a partner hears when the peer opens an exchange and contributes. */
function heard ({ between }: Met): ExchangeMessage[] {
  const sent: ExchangeMessage[] = []
  const peers = { openExchange: () => ({ partner: 'other', send: (message: ExchangeMessage) => { sent.push(message) }, close: () => undefined }) } as unknown as Peers
  const exchange = between.peers(peers).openExchange('other', { message: () => undefined, closed: () => undefined })
  exchange.send({ kind: 'offer', round: 3, fragment: 0 })
  exchange.send(CONTRIBUTION)
  return sent
}

/** Weights after training from 1 to 3, and the losses told of a measurement. */
function worked ({ between }: Met, scalars: boolean): { readonly weights: readonly number[], readonly outcome: ScalarOutcome | undefined } {
  const weights = Float32Array.of(1, 1)
  const train = (_: number, done: (outcome: TrainingOutcome) => void): void => {
    weights.fill(3)
    done({ kind: 'reached', step: 1, tokens: 1, meanLoss: 1 })
  }
  const own = { weights, step: 0, train, stop: () => undefined, ...scalars ? { scalars: { integers: new Int32Array(2), measure: (_: unknown, done: (outcome: ScalarOutcome) => void) => { done({ kind: 'measured', losses: LOSSES, tokens: 1 }) } } } : {} } as Trainer
  const trainer = between.trainer(own)
  trainer.train(1, () => undefined)
  let outcome: ScalarOutcome | undefined
  trainer.scalars?.measure({ step: 0, epsilon: 1, directions: [] }, told => { outcome = told })
  return { weights: [...weights], outcome }
}

describe('a liar', () => {
  it('is as honest as its program until it is told to lie, and says when it begins', () => {
    const liar = new Liar(undefined)
    const peer = met(liar)
    expect(heard(peer)).toEqual([{ kind: 'offer', round: 3, fragment: 0 }, CONTRIBUTION])
    expect(worked(peer, true)).toEqual({ weights: [3, 3], outcome: { kind: 'measured', losses: LOSSES, tokens: 1 } })
    liar.hear({ attack: 'nan' })
    liar.hear({ attack: 'nan' })
    liar.hear({ attack: 'kindness' })
    liar.hear('nan')
    expect(peer.told).toEqual(['this peer lies on purpose: nan'])
    expect(heard(peer)[1]).toEqual({ ...CONTRIBUTION, payload: Uint8Array.of(255, 255, 255) })
  })

  it('says at once what it does where it does it from the start', () => {
    expect(met(new Liar('silent')).told).toEqual(['this peer lies on purpose: silent'])
  })

  it.each<[Attack, (messages: ExchangeMessage[]) => unknown, unknown]>([
    ['silent', messages => messages.map(({ kind }) => kind), ['offer']],
    ['tokens', ([, message]) => message?.kind === 'contribution' && message.tokens, 5e6],
    ['garbage', ([, message]) => message?.kind === 'contribution' && message.payload.length === 3 && message.payload.join() !== '1,2,3', true],
    ['ascend', ([, message]) => message, CONTRIBUTION]
  ])('that is told %s says so to those it meets', (attack, said, expected) => {
    expect(said(heard(met(new Liar(attack))))).toEqual(expected)
  })

  it('announces rounds that nobody has reached', () => {
    const announced: number[] = []
    const peers = { announce: ({ round }: { readonly round: number }) => { announced.push(round) } } as unknown as Peers
    met(new Liar('ahead')).between.peers(peers).announce({ round: 2, step: 1, training: true, loss: 1, tokensPerSecond: 1 })
    expect(announced).toEqual([1002])
  })

  it('hands out weights that lead elsewhere', () => {
    expect(worked(met(new Liar('ascend')), false).weights).toEqual([-1, -1])
    const { weights } = worked(met(new Liar('noise')), false)
    expect(Math.max(...weights.map(Math.abs))).toBeGreaterThan(10)
  })

  it('hands out gradients that lead elsewhere where those are shared', () => {
    for (const [attack, least] of [['ascend', -2], ['noise', undefined]] as const) {
      const gradient = Float32Array.of(1, 2)
      const gradients = { gradient, compute: (done: (outcome: TrainingOutcome) => void) => { done({ kind: 'reached', step: 1, tokens: 1, meanLoss: 1 }) }, finishStep: () => undefined }
      const own = { weights: new Float32Array(2), step: 0, train: () => undefined, stop: () => undefined, gradients } as Trainer
      met(new Liar(attack)).between.trainer(own).gradients?.compute(() => undefined)
      if (least === undefined) expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(10)
      else expect([...gradient]).toEqual([-1, least])
    }
  })

  it('turns what it measured round in a run of scalars, tells what is no number, or says nothing', () => {
    expect(worked(met(new Liar('ascend')), true).outcome).toMatchObject({ losses: [{ above: -2e6, below: -1e6 }] })
    expect(worked(met(new Liar('nan')), true).outcome).toMatchObject({ losses: [{ above: NaN, below: NaN }] })
    const sent: string[] = []
    const message = { kind: 'seek' } as never
    met(new Liar('silent')).between.scalars(to => { sent.push(to) })('b', message)
    met(new Liar('ascend')).between.scalars(to => { sent.push(to) })('c', message)
    expect(sent).toEqual(['c'])
  })
})
