import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { ExchangeMessage } from '../../../src/ports.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import { thrownBy } from '../compression/thrown-by.ts'
import type { Scene } from './scripted.ts'
import { ScriptedTrainer, contributionOf, plainPairs, present, scene } from './scripted.ts'

const nesterov = methodPreset('noloco', { everySteps: 10, codec: 'fp32' })

/** The weights of plain training after so many steps. */
function plainly (weights: readonly number[], steps: number): Float32Array {
  const clock = new VirtualClock()
  const trainer = new ScriptedTrainer(clock, weights)
  trainer.train(steps, () => undefined)
  while (clock.advance());
  return trainer.weights
}

/** `m` has trained ten steps and offered round 1 to `z`, which accepted. */
function atExchange (overrides: Parameters<typeof scene>[0] = {}): Scene {
  const stage = scene(overrides)
  stage.peers.view = [present('z')]
  stage.peer.start()
  stage.runTo(1000)
  expect(stage.peers.sent).toEqual([{ kind: 'offer', round: 1, fragment: 0 }])
  stage.peers.say({ kind: 'accept', round: 1 })
  return stage
}

describe('a peer alone', () => {
  it('is plain training with η = 1 and μ = 0', () => {
    for (const method of [plainPairs, { ...nesterov, outer: { kind: 'noloco', learningRate: 1, momentum: 0 } as const }]) {
      const { trainer, peer, records, runTo } = scene({ method, budgetSteps: 35 })
      peer.start()
      runTo(10_000)
      expect(trainer.weights).toEqual(plainly([1, 2], 35))
      expect(records.map(({ step, outcome }) => [step, outcome])).toEqual([[10, 'solo'], [20, 'solo'], [30, 'solo'], [35, 'solo']])
      expect(peer.totals).toMatchObject({ rounds: 4, averagedRounds: 0, tokens: 350, payloadBytesSent: 0 })
    }
  })

  it.each([1450, 1900, 2000, 3333])('stopped after %i ms and resumed ends with the same bits', async stopMs => {
    const straight = scene({ method: nesterov, budgetSteps: 45 })
    straight.peer.start()
    straight.runTo(10_000)

    const first = scene({ method: nesterov, budgetSteps: 45 })
    first.peer.start()
    first.runTo(stopMs)
    const stopped = first.peer.stop()
    first.runTo(10_000)
    await stopped
    const second = scene({ method: nesterov, budgetSteps: 45, state: await first.peer.exportState() }, [...first.trainer.weights], first.trainer.step)
    second.peer.start()
    second.runTo(10_000)
    expect(second.trainer.weights).toEqual(straight.trainer.weights)
    const { slow, momentum } = await straight.peer.exportState()
    expect(await second.peer.exportState()).toMatchObject({ slow, momentum, round: 5, syncedStep: 45 })
    expect(second.peer.totals.rounds).toBe(5)
  })

  it('starts from a replica that it adopted, with its count and without momentum', async () => {
    const { trainer, peer, runTo, events } = scene({ method: nesterov })
    peer.adopt({ round: 41, step: 900, weights: new Float32Array([5, 6]) })
    expect(await peer.exportState()).toMatchObject({ round: 41, slow: new Float32Array([5, 6]), momentum: new Float32Array(2) })
    expect([...trainer.weights]).toEqual([5, 6])
    expect(events[0]).toEqual({ type: 'waiting', sentence: 'took over a replica of round 41, step 900; takes part from round 42 on' })
    peer.start()
    expect(() => { peer.adopt({ round: 1, step: 1, weights: new Float32Array(2) }) }).toThrow(RangeError)
    runTo(1000)
    expect(peer.describe().round).toBe(42)
    expect(() => { scene().peer.adopt({ round: 1, step: 1, weights: new Float32Array(3) }) }).toThrow('3 weights')
  })

  it('refuses to be made with an unstable method or another run\'s checkpoint', async () => {
    expect(thrownBy(() => scene({ method: { ...nesterov, outer: { kind: 'noloco', learningRate: 2, momentum: 0.5 } } })).code).toBe('METHOD_UNSTABLE')
    const state = await scene({ method: nesterov }, [1, 2, 3]).peer.exportState()
    expect(thrownBy(() => scene({ method: nesterov, state })).code).toBe('CHECKPOINT_INCOMPATIBLE')
  })
})

const payloadBytes = (message: ExchangeMessage): number => message.kind === 'contribution' ? message.payload.length : 0

describe('a pair', () => {
  it('averages, weighted by tokens, and counts what it sent and received', () => {
    const { trainer, peers, peer, records } = atExchange()
    const own = plainly([1, 2], 10)
    const payload = contributionOf([...own], 1, 100)
    expect(peers.lastSent).toEqual(payload)
    const theirs = contributionOf([4, 8], 1, 300)
    peers.say(theirs)
    expect(peers.lastSent).toEqual({ kind: 'commit', round: 1 })
    expect(trainer.weights).toEqual(own)
    peers.say({ kind: 'commit', round: 1 })
    expect(trainer.weights[0]).toBeCloseTo(0.25 * own[0]! + 3, 6)
    expect(trainer.weights[1]).toBeCloseTo(0.25 * own[1]! + 6, 6)
    const spread = Math.sqrt(((4 - own[0]!) ** 2 + (8 - own[1]!) ** 2) / 2)
    expect(records).toEqual([expect.objectContaining({ round: 1, step: 10, members: ['m', 'z'], outcome: 'averaged', reason: 'averaged with z (2 of 2)', payloadBytesSent: payloadBytes(payload), payloadBytesReceived: payloadBytes(theirs) })])
    expect(records[0]!.spread).toBeCloseTo(spread, 5)
    expect(peer.totals).toMatchObject({ rounds: 1, averagedRounds: 1, payloadBytesSent: payloadBytes(payload), payloadBytesReceived: payloadBytes(theirs) })
    expect(peers.announced.at(-1)).toMatchObject({ round: 1, step: 10, training: true, tokensPerSecond: 100 })
  })

  it.each<[string, ExchangeMessage]>([
    ['with a NaN', { ...contributionOf([1, 2], 1, 100), payload: Uint8Array.from([...(contributionOf([1, 2], 1, 100) as { payload: Uint8Array }).payload.slice(0, 16), 0, 0, 0xc0, 0x7f]) } as ExchangeMessage],
    ['of another length', contributionOf([1, 2, 3], 1, 100)],
    ['of another codec', contributionOf([1, 2], 1, 100, 'int8(64)')],
    ['with a weight beyond reason', contributionOf([1, 1e20], 1, 100)],
    ['of another round', contributionOf([1, 2], 2, 100)],
    ['of another fragment', { ...contributionOf([1, 2], 1, 100), fragment: 3 } as ExchangeMessage],
    ['with no bytes', { kind: 'contribution', round: 1, fragment: 0, tokens: 1, payload: new Uint8Array(0) }],
    ['with half a token', contributionOf([1, 2], 1, 0.5)]
  ])('moves no weight for a contribution %s, and says so', (_, bad) => {
    const { trainer, peers, records } = atExchange()
    peers.say(bad)
    expect(peers.lastSent).toMatchObject({ kind: 'reject', code: 'BAD_MESSAGE' })
    expect(peers.closed).toHaveLength(1)
    expect(trainer.weights).toEqual(plainly([1, 2], 10))
    expect(records).toEqual([expect.objectContaining({ members: ['m'], outcome: 'solo', spread: NaN })])
    peers.say({ kind: 'commit', round: 1 })
    expect(records).toHaveLength(1)
  })

  it('says what it is doing', () => {
    const { peers, peer, runTo } = scene()
    const sentences = [peer.describe().sentence]
    peers.view = [present('z')]
    peer.start()
    sentences.push(peer.describe().sentence)
    runTo(1000)
    sentences.push(peer.describe().sentence)
    peers.say({ kind: 'accept', round: 1 })
    sentences.push(peer.describe().sentence)
    peers.say(contributionOf([1, 1], 1, 100))
    sentences.push(peer.describe().sentence)
    expect(sentences).toEqual([
      'not started', 'training to step 10', 'waiting up to 1.0 s for z to reach round 1', 'exchanging weights with z for round 1', 'waiting for z to commit round 1'
    ])
  })

  it('answers a partner that comes early, once it is there itself', () => {
    const { peers, peer, runTo } = scene()
    peers.view = [present('a')]
    peer.start()
    runTo(500)
    peers.visit('a').message({ kind: 'offer', round: 1, fragment: 0 })
    expect(peers.sent).toEqual([])
    runTo(1000)
    expect(peers.sent.map(({ kind }) => kind)).toEqual(['accept', 'contribution'])
  })
})

describe('an end', () => {
  it('leaves no timer, no listener and no open exchange, and still answers others', async () => {
    const { peers, peer, clock } = atExchange()
    await peer.stop()
    await peer.stop()
    expect(await peer.done).toBe('stopped')
    expect(peers.closed).toEqual(['this peer ends: stopped at step 10'])
    expect(peers.listeners).toBe(0)
    while (clock.advance()) expect(clock.nowMs()).toBeLessThan(1001)
    expect(peers.announced.at(-1)).toMatchObject({ training: false })
    peers.visit('a').message({ kind: 'offer', round: 1, fragment: 0 })
    expect(peers.lastSent).toMatchObject({ kind: 'reject', code: 'NOT_TRAINING' })
    expect(await peer.exportState()).toMatchObject({ round: 0, syncedStep: 0, stretchTokens: [100] })
  })

  it('comes with the reason when weights are no longer finite', async () => {
    const stage = scene()
    stage.peers.view = [present('z')]
    stage.peer.start()
    stage.trainer.weights[1] = NaN
    stage.runTo(1000)
    stage.peers.say({ kind: 'accept', round: 1 })
    expect(await stage.peer.done).toBe('failed')
    expect(stage.peer.describe().sentence).toBe('The weights cannot be encoded: value 1 of 2 is NaN')
  })

  it('comes with the reason when a round cannot be recorded', async () => {
    const { peer, peers, runTo } = scene({ store: { recordRound: () => { throw new Error('the disk is full') } } })
    peer.start()
    runTo(2000)
    expect(await peer.done).toBe('failed')
    expect(peer.describe().sentence).toBe('the disk is full')
    expect(peers.announced.at(-1)).toMatchObject({ training: false })
  })
})

describe('waiting for others', () => {
  it('starts when enough are here', () => {
    const { peers, peer, events, runTo } = scene({ minimumPeers: 2 })
    peer.start()
    peers.change([present('z')])
    runTo(10_000)
    expect(peer.describe().phase).toBe('waiting')
    peers.change([present('y'), present('z')])
    expect(peer.describe().phase).toBe('training')
    expect(events.map(event => event.type === 'waiting' ? event.sentence : event.type)).toEqual([
      'waiting for 2 other peers before the first step: 0 ready', 'waiting for 2 other peers before the first step: 1 ready'
    ])
    expect(peers.announced.map(({ training }) => training)).toEqual([true, true])
  })

  it('counts who is done already, but not who still prepares', () => {
    const { peers, peer } = scene({ minimumPeers: 2 })
    peer.start()
    peers.change([present('y', 0, { training: false }), present('z')])
    expect(peer.describe().phase).toBe('waiting')
    peers.change([present('y', 2, { training: false, step: 20 }), present('z')])
    expect(peer.describe().phase).toBe('training')
  })

  it('starts without them after five minutes', () => {
    const { peer, runTo } = scene({ minimumPeers: 2 })
    peer.start()
    runTo(299_999)
    expect(peer.describe().phase).toBe('waiting')
    runTo(300_000)
    expect(peer.describe().phase).toBe('training')
  })
})
