import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { emptyHead } from '../../../src/spsa/chain.ts'
import { hashEntry } from '../../../src/spsa/ledger-entry.ts'
import { fingerprintOf } from '../../../src/spsa/ledger.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { EVERYONE } from '../../../src/spsa/one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from '../../../src/spsa/one-byte-messages.ts'
import { OneBytePeer } from '../../../src/spsa/one-byte-peer.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import { heldWeights, readAll } from '../../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../../src/spsa/weight-source.ts'
import { Author, authors, rules as ledger, verify } from './authors.ts'
import { bell } from './support.ts'

const [self, ann, bob] = authors as [Author, Author, Author]
const base = bell(300, 5)

/** A peer whose forward passes end when the test says so. */
function driven (): { peer: OneBytePeer, sent: Array<readonly [string, OneByteMessage]>, reports: OneByteReport[], evaluations: Array<{ weights: WeightSource, done: (loss: number) => void }> } {
  const sent: Array<readonly [string, OneByteMessage]> = []
  const reports: OneByteReport[] = []
  const evaluations: Array<{ weights: WeightSource, done: (loss: number) => void }> = []
  const model = {
    noise: rademacher, codec: scalarCodec(), learningRate: () => 0.01, largestLearningRate: 0.01, window: 8,
    clip: { levelsAboveMedian: 8, first: 90, ceiling: 90 }, contributions: 4000
  }
  const peer = new OneBytePeer(heldWeights(base), { ledger, model, epsilon: 1e-3, checkEvery: 8 }, {
    peer: self.peer, verify, sign: message => ed25519.sign(message, self.secretKey),
    evaluate: (weights, _step, done) => { evaluations.push({ weights, done }) },
    send: (to, message) => { sent.push([to, message]) },
    report: event => { reports.push(event) }
  })
  return { peer, sent, reports, evaluations }
}

describe('a one-byte peer', () => {
  it('sends a signed pack after each window and a check where one is due', () => {
    const { peer, sent, evaluations, reports } = driven()
    peer.start()
    for (let pass = 0; pass < 16; pass++) evaluations[pass]!.done(pass % 2 === 0 ? 1.001 : 1)
    expect(sent.map(([to, { kind }]) => `${to} ${kind}`)).toEqual([`${EVERYONE} entry`, `${EVERYONE} check`])
    expect(peer.ledger.headOf(self.peer).next).toBe(1)
    expect(peer.ledger.entries()[0]).toMatchObject({ firstStep: 0, levels: new Int8Array(8).fill(scalarCodec().encode(0.5)) })
    expect(reports.filter(({ kind }) => kind === 'step')).toHaveLength(8)
    expect(readAll(peer.model.weights)).not.toEqual(base)
  })

  it('measures both losses of a step at the same weights, whatever comes between', () => {
    const { peer, evaluations } = driven()
    peer.start()
    evaluations[0]!.done(1)
    const before = readAll(evaluations[1]!.weights)
    peer.receive(ann.peer, { kind: 'entry', entry: ann.chain(1)[0]! })
    expect(readAll(evaluations[1]!.weights)).toEqual(before)
    evaluations[1]!.done(1)
    expect(readAll(peer.model.weights)).not.toEqual(base)
  })

  it('moves no weight for what its ledger refuses, and says why', () => {
    const { peer, reports } = driven()
    const [first, second] = ann.chain(2)
    peer.receive(ann.peer, { kind: 'entry', entry: first! })
    const before = peer.model.hash()
    for (const entry of [first!, new Author(50).chain(1)[0]!, { ...second!, levels: Int8Array.of(127) }, bob.entry(emptyHead(bob.peer), 0, [9], { pool: [1] })]) {
      peer.receive(bob.peer, { kind: 'entry', entry })
    }
    expect(peer.model.hash()).toBe(before)
    expect(reports.map(report => report.kind === 'refused' ? report.code : report.kind)).toEqual(['UNKNOWN_PEER', 'FORGED', 'SEED_OUTSIDE_POOL'])
  })

  it('takes back the bytes of a fork, to the bit', () => {
    const { peer } = driven()
    const chain = ann.chain(4)
    for (const entry of chain.slice(0, 2)) peer.receive(ann.peer, { kind: 'entry', entry })
    const before = peer.model.hash()
    for (const entry of chain.slice(2)) peer.receive(ann.peer, { kind: 'entry', entry })
    expect(peer.model.hash()).not.toBe(before)
    peer.receive(bob.peer, { kind: 'entry', entry: ann.entry({ next: 2, hash: hashEntry(chain[1]!) }, 8, [3]) })
    expect(peer.model.hash()).toBe(before)
  })

  it('asks whoever sends an entry whose predecessors it lacks', () => {
    const { peer, sent } = driven()
    peer.receive(bob.peer, { kind: 'entry', entry: ann.chain(3)[2]! })
    expect(sent.map(([to, { kind }]) => [to, kind])).toEqual([[bob.peer, 'inquiry']])
  })

  it('makes its weights anew when somebody with the same bytes has others, and asks when it has other bytes', () => {
    const { peer, reports } = driven()
    const fingerprint = fingerprintOf(peer.ledger.snapshotAt(0))
    peer.receive(bob.peer, { kind: 'check', step: 0, fingerprint, modelHash: peer.model.hash(0) })
    peer.receive(bob.peer, { kind: 'check', step: 0, fingerprint, modelHash: 'other' })
    peer.receive(bob.peer, { kind: 'check', step: 0, fingerprint: 'other', modelHash: '' })
    for (const step of [8, 3, -8, NaN]) peer.receive(bob.peer, { kind: 'check', step, fingerprint: 'other', modelHash: '' })
    expect(reports.map(({ kind }) => kind)).toEqual(['agreed', 'rebuilt', 'lacking'])
  })
})
