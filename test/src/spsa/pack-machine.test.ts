import { describe, expect, it } from 'vitest'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { signEntry } from '../../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../../src/spsa/ledger-entry.ts'
import type { LedgerStart } from '../../../src/spsa/ledger-start.ts'
import type { OneByteMessage, OneByteReport } from '../../../src/spsa/one-byte-messages.ts'
import { packsIn } from '../../../src/spsa/pack-machine.ts'
import { replayedPacks } from '../../../src/spsa/pack-players.ts'
import { readAll } from '../../../src/spsa/weight-source.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import { PACK_RUN, nameOfPeer, signAs } from '../../../testnet/simulator/pack-member.ts'
import type { Around, Member } from '../../../testnet/simulator/pack-member.ts'
import { STEPS, ferret, kSeed, member, problem, runPackSwarm } from './pack-ground.ts'

const ROUGH = { lost: 0.2, repeated: 0.2, jitterMs: 2000 }
const stateOf = ({ machine }: Pick<Member, 'machine'>): { readonly fingerprint: string, readonly modelHash: string } => {
  let state = { fingerprint: '', modelHash: '' }
  machine.state(told => { state = told })
  return state
}
const CALM = { lost: 0, repeated: 0, jitterMs: 50 }
const hashes = (swarm: readonly Member[]): Set<string> => new Set(swarm.map(({ weights }) => hashWeights(weights)))
const sealedBy = ({ reports }: Member): Array<Extract<OneByteReport, { kind: 'sealed' }>> => reports.filter(report => report.kind === 'sealed')

describe.each([['fedkseed', kSeed], ['fedkseed-pro', { ...kSeed, importance: true }], ['ferret', ferret]] as const)('a swarm of %s', (_, method) => {
  it('ends with the same bits, and those its ledger makes from the snapshot before the last one, though links lose, repeat and reorder; and it learns', () => {
    const swarm = runPackSwarm(method, ROUGH)
    expect(hashes(swarm).size).toBe(1)
    for (const peer of swarm) {
      const { machine: { ledger }, weights } = peer
      const rounds = new Set(ledger.counted().map(({ firstStep }) => firstStep / ledger.rules.window))
      const { snapshot: { step }, held, weights: after } = { snapshot: ledger.sealed, held: ledger.held, weights: sealedBy(peer).at(-2)?.weights }
      expect(held.step).toBeGreaterThan(0)
      expect(Math.min(...rounds)).toBe(held.step / ledger.rules.window)
      const { start: { sums } } = sealedBy(peer).at(-2)!
      const { player, keeper } = replayedPacks(method, { runId: PACK_RUN, steps: STEPS }, problem.start, ledger.counted(), { step: held.step, packs: packsIn(held), weights: after, sums })
      expect(hashWeights(keeper.model.weights)).toBe(hashWeights(weights))
      let made: unknown
      player.compact(step, stands => { made = stands })
      expect(made).toEqual({ ...sealedBy(peer).at(-1)!.weights === undefined ? { sums: sealedBy(peer).at(-1)!.start.sums } : { weights: sealedBy(peer).at(-1)!.weights } })
    }
    expect(problem.loss(readAll(swarm[0]!.weights))).toBeLessThan(0.6 * problem.loss(problem.start))
  })

})

it('has the same bits in a swarm of fedkseed that takes snapshots as in one that takes none', () => {
  const without = runPackSwarm({ ...kSeed, snapshotEvery: 1000 }, CALM)
  expect(sealedBy(without[0]!)).toEqual([])
  expect(hashes(runPackSwarm(kSeed, CALM))).toEqual(hashes(without))
})

describe.each([['fedkseed', kSeed], ['ferret', ferret]] as const)('a swarm of %s', (_, method) => {
  it('takes in whoever comes late, by its snapshot', () => {
    const swarm = runPackSwarm(method, ROUGH, { late: [3] })
    expect(hashes(swarm).size).toBe(1)
    const adopted = swarm[3]!.reports.filter(({ kind }) => kind === 'adopted')
    expect(adopted.length).toBeGreaterThan(0)
    expect(swarm[3]!.reports.filter(({ kind }) => kind === 'refused')).toEqual([])
  })

  it('takes in again whoever was away for longer than a snapshot waits, who goes on from that of the others', () => {
    const swarm = runPackSwarm(method, CALM, { away: { fromMs: 500, toMs: method.kind === 'ferret' ? 12_500 : 5_000 } })
    expect(hashes(swarm).size).toBe(1)
    expect(sealedBy(swarm[0]!).length).toBeGreaterThan(0)
  })
})

describe.each([['fedkseed', kSeed], ['ferret', ferret]] as const)('a swarm of %s whose weights are kept by somebody who takes his time', (_, method) => {
  it('ends with the same bits, takes snapshots, and whoever was away goes on from one', () => {
    const swarm = runPackSwarm(method, CALM, { keeperTaskMs: 20, away: { fromMs: 500, toMs: method.kind === 'ferret' ? 14_000 : 9_000 } })
    expect(hashes(swarm).size).toBe(1)
    for (const peer of swarm) expect(sealedBy(peer).length + peer.reports.filter(({ kind }) => kind === 'adopted').length).toBeGreaterThan(0)
    expect(swarm.flatMap(({ reports }) => reports).filter(({ kind }) => kind === 'failed')).toEqual([])
    expect(problem.loss(readAll(swarm[0]!.weights))).toBeLessThan(0.7 * problem.loss(problem.start))
  })
})

it('keeps the weights of its own snapshot when those of another one are not what was told, in a swarm of ferret', () => {
  const [peer] = runPackSwarm(ferret, CALM, {}) as [Member]
  const { start } = sealedBy(peer).at(-1)!
  const [before, weights] = [stateOf(peer), readAll(peer.weights)]
  peer.machine.adopt({ weights: problem.start, start: { ...start, held: start.snapshot }, modelHash: before.modelHash }, isTaken => { expect(isTaken).toBe(false) })
  expect(peer.reports.at(-1)).toMatchObject({ kind: 'refused', code: 'WRONG_STEP', reason: 'a snapshot makes other weights than were told of it' })
  expect(stateOf(peer)).toEqual(before)
  expect(readAll(peer.weights)).toEqual(weights)
})

interface Alone extends Member {
  readonly said: Array<{ readonly to: string, readonly message: OneByteMessage }>
  readonly clock: VirtualClock
}

/** A peer that has not begun, and what it says. */
function alone (method: typeof kSeed | typeof ferret = kSeed, around: Pick<Around, 'keeperTaskMs' | 'keeperGone'> = {}): Alone {
  const said: Alone['said'] = []
  const clock = new VirtualClock()
  return { ...member(method, 0, clock, { send: (to, message) => { said.push({ to, message }) }, ...around }), said, clock }
}

const ANN = nameOfPeer(1)
const draft = { peer: ANN, index: 0, firstStep: 0, levels: new Int8Array(10).fill(60), pool: Uint16Array.from({ length: 10 }, (_, at) => at), previous: new Uint8Array(32) }
const entryOf = (changes: Partial<Entry> = {}, author = 1): Entry => signEntry({ ...draft, ...changes }, PACK_RUN, signAs(author))

describe('a peer of a method of rounds', () => {
  it.each([
    ['forged', { ...entryOf(), levels: new Int8Array(10).fill(61) }, 'FORGED'],
    ['of another author than its sender', entryOf({ peer: nameOfPeer(2) }, 2), 'UNKNOWN_PEER'],
    ['of a seed outside the pool', entryOf({ pool: new Uint16Array(10).fill(64) }), 'SEED_OUTSIDE_POOL'],
    ['without seeds', entryOf({ pool: undefined }), 'SEED_OUTSIDE_POOL'],
    ['that crosses rounds', entryOf({ firstStep: 5 }), 'WRONG_STEP'],
    ['beyond the run', entryOf({ firstStep: STEPS }), 'WRONG_STEP'],
    ['shorter than a round', entryOf({ levels: new Int8Array(9), pool: new Uint16Array(9) }), 'WRONG_STEP']
  ])('refuses a pack %s, says why, and moves nothing', (_, entry, code) => {
    const { machine, weights, reports } = alone()
    machine.start(0)
    machine.receive(ANN, { kind: 'pack', entry })
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'refused', from: ANN, code }))
    expect(readAll(weights)).toEqual(problem.start)
  })

  it('counts a pack once, and takes it back, to the bit, when its author contradicts itself', () => {
    const { machine, weights, reports } = alone()
    machine.restore([entryOf()])
    const counted = hashWeights(weights)
    expect(counted).not.toBe(hashWeights({ size: 64, read: (first, target) => { target.set(problem.start.subarray(first, first + target.length)) } }))
    machine.receive(ANN, { kind: 'pack', entry: entryOf() })
    expect(hashWeights(weights)).toBe(counted)
    machine.receive(ANN, { kind: 'pack', entry: entryOf({ levels: new Int8Array(10).fill(-60) }) })
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'refused', code: 'FORK' }))
    expect(readAll(weights)).toEqual(problem.start)
  })

  it('makes weights anew that its memory spoiled', () => {
    const [{ machine, reports, integers }, other] = [alone(), alone()]
    for (const peer of [machine, other.machine]) peer.restore([entryOf()])
    integers[3]! += 1000
    const theirs = stateOf(other)
    expect(stateOf({ machine })).toEqual({ ...theirs, modelHash: expect.not.stringContaining(theirs.modelHash) as string })
    other.machine.compare(nameOfPeer(0))
    const { message } = other.said[0]!
    machine.stop()
    machine.start(0)
    machine.receive(ANN, message)
    expect(reports).toContainEqual({ kind: 'rebuilt', from: ANN, step: 0 })
    expect(stateOf({ machine })).toEqual(stateOf(other))
  })

  it('goes on from sums where they make the weights that were told, and from what it had where they do not', () => {
    const [source, joiner] = [alone(), alone()]
    source.machine.restore([entryOf(), entryOf({ peer: nameOfPeer(2) }, 2)])
    const modelHash = hashWeights(source.weights, 0)
    const heads = source.machine.ledger.heads()
    const snapshot = { step: 10, heads }
    const pool = replayedPacks(kSeed, { runId: PACK_RUN, steps: STEPS }, problem.start, source.machine.ledger.entries())
    let sums: Int32Array | undefined
    pool.player.compact(10, stands => { sums = stands.sums })
    const start = { model: { step: 10, limit: 0 }, snapshot, held: snapshot }
    joiner.machine.restore([entryOf()])
    const before = hashWeights(joiner.weights)
    const isAdopted = (from: LedgerStart): boolean | undefined => {
      let isTaken: boolean | undefined
      joiner.machine.adopt({ weights: undefined, start: from, modelHash }, taken => { isTaken = taken })
      return isTaken
    }
    for (const told of [sums!.map(sum => sum + 1), sums!.subarray(1), sums!.map(() => 2 ** 30)]) {
      expect(isAdopted({ ...start, sums: told })).toBe(false)
      expect(hashWeights(joiner.weights)).toBe(before)
      expect(joiner.reports.at(-1)).toMatchObject({ kind: 'refused', code: 'WRONG_STEP' })
    }
    expect(joiner.machine.ledger.firstStep).toBe(0)
    expect(isAdopted({ ...start, sums })).toBe(true)
    expect(joiner.machine.ledger.heads()).toEqual(heads)
    expect(readAll(joiner.weights)).toEqual(readAll(source.weights))
    joiner.machine.receive(ANN, { kind: 'seek', heads: true })
    expect(joiner.said.map(({ message }) => message)).toEqual([expect.objectContaining({ kind: 'heads' }), { kind: 'sums', step: 10, sums }])
  })

  it('hears that a snapshot is not gone on from where whoever keeps the weights is gone, and can be told of another one', () => {
    const gone = 'the trainer is gone'
    const { machine, reports } = alone(kSeed, { keeperGone: () => gone })
    const snapshot = { step: 10, heads: [] }
    const taken: boolean[] = []
    for (let time = 0; time < 2; time++) machine.adopt({ weights: undefined, start: { model: { step: 10, limit: 0 }, snapshot, held: snapshot }, modelHash: '' }, isTaken => { taken.push(isTaken) })
    expect(taken).toEqual([false, false])
    expect(reports).toContainEqual({ kind: 'failed', reason: gone })
    expect(machine.ledger.firstStep).toBe(0)
  })

  it('tells its state while a snapshot is looked at only once that is over, of what it goes on from', () => {
    const [source, joiner] = [alone(), alone(kSeed, { keeperTaskMs: 20 })]
    const finish = (): void => { while (joiner.clock.advance()); }
    source.machine.restore([entryOf(), entryOf({ peer: nameOfPeer(2) }, 2)])
    joiner.machine.restore([entryOf()])
    finish()
    const pool = replayedPacks(kSeed, { runId: PACK_RUN, steps: STEPS }, problem.start, source.machine.ledger.entries())
    const snapshot = { step: 10, heads: source.machine.ledger.heads() }
    const told: Array<ReturnType<typeof stateOf>> = []
    pool.player.compact(10, ({ sums }) => {
      const adoption = { weights: undefined, start: { model: { step: 10, limit: 0 }, snapshot, held: snapshot, sums }, modelHash: hashWeights(source.weights, 0) }
      joiner.machine.adopt(adoption, () => undefined)
    })
    joiner.machine.state(state => { told.push(state) })
    finish()
    expect(told).toEqual([stateOf(source)])
  })
})
