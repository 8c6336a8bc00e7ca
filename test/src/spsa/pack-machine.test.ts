import { describe, expect, it } from 'vitest'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { signEntry } from '../../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../../src/spsa/ledger-entry.ts'
import type { OneByteMessage } from '../../../src/spsa/one-byte-messages.ts'
import { replayedHash } from '../../../src/spsa/pack-players.ts'
import { readAll } from '../../../src/spsa/weight-source.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import { RUN, STEPS, ferret, kSeed, member, nameOfPeer, problem, runPackSwarm, signAs } from './pack-swarm.ts'
import type { Member } from './pack-swarm.ts'

const ROUGH = { lost: 0.2, repeated: 0.2, jitterMs: 2000 }
const stateOf = ({ machine }: Pick<Member, 'machine'>): { readonly fingerprint: string, readonly modelHash: string } => {
  let state = { fingerprint: '', modelHash: '' }
  machine.state(told => { state = told })
  return state
}
const hashes = (swarm: readonly Member[]): Set<string> => new Set(swarm.map(({ machine }) => hashWeights(machine.weights)))

describe.each([['fedkseed', kSeed], ['fedkseed-pro', { ...kSeed, importance: true }], ['ferret', ferret]] as const)('a swarm of %s', (_, method) => {
  it('ends with the same bits, and those its ledger makes, though links lose, repeat and reorder; and it learns', () => {
    const swarm = runPackSwarm(method, ROUGH)
    expect(hashes(swarm).size).toBe(1)
    const [{ machine }] = swarm as [Member]
    expect(machine.ledger.entries()).toHaveLength(4 * STEPS / method.localSteps)
    expect(replayedHash(method, { runId: RUN, steps: STEPS }, problem.start, machine.ledger.entries())).toBe(hashWeights(machine.weights))
    expect(problem.loss(readAll(machine.weights))).toBeLessThan(0.6 * problem.loss(problem.start))
  })

  it('takes in whoever comes late, by its state where that is smaller', () => {
    const swarm = runPackSwarm(method, ROUGH, [3])
    expect(hashes(swarm).size).toBe(1)
    const tookOver = swarm[3]!.reports.some(({ kind }) => kind === 'took-over')
    expect(tookOver).toBe(method.kind === 'fedkseed')
    const { length } = swarm[3]!.machine.ledger.entries()
    if (tookOver) expect(length).toBeLessThan(swarm[0]!.machine.ledger.entries().length)
    else expect(length).toBe(swarm[0]!.machine.ledger.entries().length)
  })
})

/** A peer that has not begun, and what it says. */
function alone (method: typeof kSeed | typeof ferret = kSeed): Member & { readonly said: Array<{ readonly to: string, readonly message: OneByteMessage }> } {
  const said: Array<{ readonly to: string, readonly message: OneByteMessage }> = []
  return { ...member(method, 0, new VirtualClock(), (to, message) => { said.push({ to, message }) }), said }
}

const ANN = nameOfPeer(1)
const draft = { peer: ANN, index: 0, firstStep: 0, levels: new Int8Array(10).fill(60), pool: Uint16Array.from({ length: 10 }, (_, at) => at), previous: new Uint8Array(32) }
const entryOf = (changes: Partial<Entry> = {}, author = 1): Entry => signEntry({ ...draft, ...changes }, RUN, signAs(author))

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
    const { machine, reports } = alone()
    machine.start(0)
    machine.receive(ANN, { kind: 'pack', entry })
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'refused', from: ANN, code }))
    expect(readAll(machine.weights)).toEqual(problem.start)
  })

  it('counts a pack once, and takes it back, to the bit, when its author contradicts itself', () => {
    const { machine, reports } = alone()
    machine.restore([entryOf()])
    const counted = hashWeights(machine.weights)
    expect(counted).not.toBe(hashWeights({ size: 64, read: (first, target) => { target.set(problem.start.subarray(first, first + target.length)) } }))
    machine.receive(ANN, { kind: 'pack', entry: entryOf() })
    expect(hashWeights(machine.weights)).toBe(counted)
    machine.receive(ANN, { kind: 'pack', entry: entryOf({ levels: new Int8Array(10).fill(-60) }) })
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'refused', code: 'FORK' }))
    expect(readAll(machine.weights)).toEqual(problem.start)
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

  it('asks for a state when it has nothing, and takes over none that it did not ask for', () => {
    const { machine, reports, said } = alone()
    machine.receive(ANN, { kind: 'sums', sums: { begin: 0, until: 10, heads: [{ peer: ANN, next: 1, hash: new Uint8Array(32), cut: false }], sums: new Int32Array(64) } })
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'refused', reason: 'sums came that nobody asked for' }))
    machine.inquire(ANN)
    expect(said).toEqual([{ to: ANN, message: { kind: 'sums-wanted' } }])
  })

  it.each([
    ['more than so many packs can move', { sums: new Int32Array(64).fill(2 ** 30) }],
    ['of another pool', { sums: new Int32Array(63) }],
    ['of more packs than rounds', { heads: [{ peer: ANN, next: 2, hash: new Uint8Array(32), cut: false }] }],
    ['of a chain that was cut', { heads: [{ peer: ANN, next: 1, hash: new Uint8Array(32), cut: true }] }],
    ['beyond the run', { until: STEPS + 10 }],
    ['between rounds', { begin: 5 }]
  ])('refuses a state %s, moves nothing, and asks for the packs', (_, changes) => {
    const { machine, reports, said } = alone()
    machine.inquire(ANN)
    machine.receive(ANN, { kind: 'sums', sums: { begin: 0, until: 10, heads: [{ peer: ANN, next: 1, hash: new Uint8Array(32), cut: false }], sums: new Int32Array(64), ...changes } })
    expect(reports).toEqual([expect.objectContaining({ kind: 'refused', from: ANN, code: 'WRONG_STEP' })])
    expect(said.at(-1)?.message.kind).toBe('inquiry')
    expect(readAll(machine.weights)).toEqual(problem.start)
    expect(machine.ledger.heads()).toEqual([])
  })

  it('gives its state where that is fewer bytes than its packs, three times to one peer', () => {
    const { machine, said } = alone()
    const sent = (): Array<number | undefined> => said.map(({ message }) => message.kind === 'sums' ? message.sums.heads.length : undefined)
    machine.restore([entryOf()])
    machine.receive(ANN, { kind: 'sums-wanted' })
    expect(sent()).toEqual([0])
    const second = entryOf({ peer: nameOfPeer(2) }, 2)
    machine.restore([second, entryOf({ peer: nameOfPeer(3) }, 3)])
    for (let time = 0; time < 4; time++) machine.receive(ANN, { kind: 'sums-wanted' })
    expect(sent()).toEqual([0, 3, 3, 3, 0])
  })
})
