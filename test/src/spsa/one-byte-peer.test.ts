import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { emptyHead } from '../../../src/spsa/chain.ts'
import { hashEntry } from '../../../src/spsa/ledger-entry.ts'
import { fingerprintOf } from '../../../src/spsa/ledger.ts'
import { rademacher } from '../../../src/spsa/noise.ts'
import { ModelWork } from '../../../src/spsa/model-worker.ts'
import { EVERYONE } from '../../../src/spsa/one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from '../../../src/spsa/one-byte-messages.ts'
import { OneBytePeer } from '../../../src/spsa/one-byte-peer.ts'
import { scalarCodec } from '../../../src/spsa/scalar-codec.ts'
import type { ScalarOutcome, ScalarRequest } from '../../../src/ports.ts'
import { ByteModel, modelMemory } from '../../../src/spsa/byte-model.ts'
import type { ByteModelRules } from '../../../src/spsa/byte-model.ts'
import { placesOf } from '../../../src/spsa/places.ts'
import type { Places } from '../../../src/spsa/places.ts'
import { seedOfStep } from '../../../src/spsa/seeds.ts'
import { readAll } from '../../../src/spsa/weight-source.ts'
import { Author, authors, rules as ledger, verify } from './authors.ts'
import { bell } from './support.ts'

const [self, ann, bob] = authors as [Author, Author, Author]
const base = bell(300, 5)

const modelRules: ByteModelRules = {
  noise: rademacher, codec: scalarCodec(), learningRate: () => 0.01, largestLearningRate: 0.01, window: 8, clip: { levelsAboveMedian: 8, first: 90, ceiling: 90 }, epochSteps: 400, contributions: 4000
}

interface Driven {
  readonly peer: OneBytePeer
  readonly work: ModelWork
  readonly sent: Array<readonly [string, OneByteMessage]>
  readonly reports: OneByteReport[]
  readonly measurements: Array<(outcome: ScalarOutcome) => void>
  /** Own entries that wait to be kept. */
  readonly kept: Array<() => void>
}

const measured = (above: number, below: number): ScalarOutcome => ({ kind: 'measured', losses: [{ above, below }], tokens: 10 })

/** A peer whose forward passes end when the test says so. */
function driven (keeps = true, places?: Places, onRequest: (request: ScalarRequest) => void = () => undefined): Driven {
  const sent: Array<readonly [string, OneByteMessage]> = []
  const reports: OneByteReport[] = []
  const measurements: Array<(outcome: ScalarOutcome) => void> = []
  const kept: Array<() => void> = []
  const work = new ModelWork(modelMemory(base), modelRules, ledger.runId)
  const peer = new OneBytePeer({ ledger, model: modelRules, places, epsilon: () => 1e-3, checkEvery: 8 }, {
    model: work, peer: self.peer, verify, sign: message => ed25519.sign(message, self.secretKey),
    measure: (request, done) => {
      onRequest(request)
      measurements.push(done)
    },
    keep: (_entry, done) => { if (keeps) done(); else kept.push(done) },
    send: (to, message) => { sent.push([to, message]) },
    others: () => [],
    report: event => { reports.push(event) }
  })
  return { peer, work, sent, reports, measurements, kept }
}

describe('a one-byte peer', () => {
  it('sends a signed pack after each window and a check where one is due', () => {
    const { peer, work, sent, measurements, reports } = driven()
    peer.start()
    for (let step = 0; step < 8; step++) measurements[step]!(measured(1.001, 1))
    expect(sent.map(([to, { kind }]) => `${to} ${kind}`)).toEqual([`${EVERYONE} pack`, `${EVERYONE} check`])
    expect(peer.ledger.headOf(self.peer).next).toBe(1)
    expect(peer.ledger.entries()[0]).toMatchObject({ firstStep: 0, levels: new Int8Array(8).fill(scalarCodec().encode(0.5)) })
    expect(reports.filter(({ kind }) => kind === 'step')).toHaveLength(8)
    expect(readAll(work.model.weights)).not.toEqual(base)
  })

  it('measures several directions of a step at once, a byte each, and goes on behind them after a restart', () => {
    const places = placesOf({ window: 4, directions: 2 })
    const asked: ScalarRequest[] = []
    const first = driven(true, places, request => { asked.push(request) })
    first.peer.start()
    first.measurements[0]!({ kind: 'measured', losses: [{ above: 1.001, below: 1 }, { above: 1, below: 1.001 }], tokens: 10 })
    first.measurements[1]!({ kind: 'measured', losses: [{ above: 1, below: 1.001 }, { above: NaN, below: 1 }], tokens: 10 })
    expect(asked.map(({ step, directions }) => [step, directions])).toEqual([0, 1, 2].map(step => [step, [0, 1].map(index => ({ seed: seedOfStep(ledger.runId, 2 * step + index, self.peer) }))]))
    first.peer.stop()
    first.measurements[2]!({ kind: 'stopped', step: 2 })
    const level = scalarCodec().encode(0.5)
    expect(first.peer.ledger.entries()).toMatchObject([{ firstStep: 0, levels: Int8Array.of(level, -level, -level, 0) }])
    const next = driven(true, places)
    next.peer.restore(first.peer.ledger.entries())
    next.peer.start()
    expect(next.peer.step).toBe(2)
    expect(next.work.model.hash()).toBe(first.work.model.hash())
    const levels = [level, -level, -level, 0]
    const model = new ByteModel(modelMemory(base), modelRules)
    model.add(levels.map((each, place) => ({ id: `${place}`, step: place, level: each, seed: seedOfStep(ledger.runId, place, self.peer) })))
    expect(next.work.model.hash()).toBe(model.hash())
  })

  it('says nothing of a pack that is not kept yet, and measures no further', () => {
    const { peer, sent, measurements, kept } = driven(false)
    peer.start()
    for (let step = 0; step < 8; step++) measurements[step]!(measured(1.001, 1))
    expect(sent).toEqual([])
    expect(measurements).toHaveLength(8)
    kept[0]!()
    expect(sent[0]).toMatchObject([EVERYONE, { kind: 'pack' }])
    expect(measurements).toHaveLength(9)
  })

  it('abstains where a loss is no number, and moves nothing', () => {
    const { peer, work, measurements } = driven()
    peer.start()
    for (let step = 0; step < 8; step++) measurements[step]!(measured(NaN, 1))
    expect(peer.ledger.entries()[0]!.levels).toEqual(new Int8Array(8))
    expect(readAll(work.model.weights)).toEqual(base)
  })

  it('signs what it has measured when it is stopped, and goes on behind it', () => {
    const { peer, work, measurements, reports, sent } = driven()
    peer.start()
    for (let step = 0; step < 3; step++) measurements[step]!(measured(1.001, 1))
    peer.stop()
    measurements[3]!({ kind: 'stopped', step: 3 })
    expect(reports.at(-1)).toEqual({ kind: 'stopped', step: 3 })
    expect(sent).toHaveLength(1)
    const next = driven()
    next.peer.restore(peer.ledger.entries())
    next.peer.start()
    expect(next.peer.step).toBe(3)
    expect(next.work.model.hash()).toBe(work.model.hash())
  })

  it('measures both losses of a step at the same weights, whatever comes between', () => {
    const { peer, work, measurements } = driven()
    peer.start()
    peer.receive(ann.peer, { kind: 'pack', entry: ann.chain(1)[0]! })
    expect(readAll(work.model.weights)).toEqual(base)
    measurements[0]!(measured(1, 1))
    expect(readAll(work.model.weights)).not.toEqual(base)
  })

  it('moves no weight for what its ledger refuses, and says why', () => {
    const { peer, work, reports } = driven()
    const [first, second] = ann.chain(2)
    peer.receive(ann.peer, { kind: 'pack', entry: first! })
    const before = work.model.hash()
    for (const entry of [first!, new Author(50).chain(1)[0]!, { ...second!, levels: Int8Array.of(127) }, bob.entry(emptyHead(bob.peer), 0, [9], { pool: [1] })]) {
      peer.receive(entry.peer, { kind: 'pack', entry })
    }
    peer.receive(bob.peer, { kind: 'pack', entry: second! })
    peer.receive(bob.peer, { kind: 'entries', entries: [second!] })
    expect(work.model.hash()).toBe(before)
    expect(reports.flatMap(report => report.kind === 'refused' ? [report.code] : [])).toEqual(['UNKNOWN_PEER', 'FORGED', 'SEED_OUTSIDE_POOL', 'UNKNOWN_PEER', 'UNKNOWN_PEER'])
  })

  it('takes back the bytes of a fork, to the bit', () => {
    const { peer, work } = driven()
    const chain = ann.chain(4)
    for (const entry of chain.slice(0, 2)) peer.receive(ann.peer, { kind: 'pack', entry })
    const before = work.model.hash()
    for (const entry of chain.slice(2)) peer.receive(ann.peer, { kind: 'pack', entry })
    expect(work.model.hash()).not.toBe(before)
    peer.receive(ann.peer, { kind: 'pack', entry: ann.entry({ next: 2, hash: hashEntry(chain[1]!) }, 8, [3]) })
    expect(work.model.hash()).toBe(before)
  })

  it('lets entries that overtook others wait, and asks after a window for just what is missing', () => {
    const { peer, sent, measurements } = driven()
    const chain = ann.chain(4)
    peer.start()
    peer.receive(ann.peer, { kind: 'pack', entry: chain[2]! })
    peer.receive(ann.peer, { kind: 'pack', entry: chain[1]! })
    expect(sent).toEqual([])
    for (let step = 0; step < 8; step++) measurements[step]!(measured(1, 1))
    expect(sent.at(-2)).toEqual([ann.peer, { kind: 'inquiry', inquiry: { ranges: [], told: [], wanted: [{ head: emptyHead(ann.peer), until: 1 }] } }])
    peer.receive(ann.peer, { kind: 'entries', entries: [chain[0]!] })
    expect(peer.ledger.headOf(ann.peer).next).toBe(3)
  })

  it('makes its weights anew when somebody with the same bytes has others, and asks when it has other bytes', () => {
    const { peer, work, reports } = driven()
    const fingerprint = fingerprintOf(peer.ledger.snapshotAt(0))
    peer.receive(bob.peer, { kind: 'check', step: 0, fingerprint, modelHash: work.model.hash(0) })
    peer.receive(bob.peer, { kind: 'check', step: 0, fingerprint, modelHash: 'other' })
    peer.receive(bob.peer, { kind: 'check', step: 0, fingerprint: 'other', modelHash: '' })
    for (const step of [8, 3, -8, NaN]) peer.receive(bob.peer, { kind: 'check', step, fingerprint: 'other', modelHash: '' })
    expect(reports.map(({ kind }) => kind)).toEqual(['agreed', 'rebuilt', 'lacking'])
  })
})
