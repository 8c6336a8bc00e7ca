import { describe, expect, it } from 'vitest'
import { EVERYONE } from '../../../src/spsa/one-byte-messages.ts'
import { hashWeights } from '../../../src/spsa/weights-hash.ts'
import { nameOfPeer } from '../../../testnet/simulator/pack-member.ts'
import type { Member } from '../../../testnet/simulator/pack-member.ts'
import { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import { STEPS, ferret, kSeed, member } from './pack-ground.ts'

const LATENCY_MS = 30
const COMPARE_EVERY_MS = 1000
/** In the middle of a third round, of local steps of 50 ms each. */
const KILLED_MS = 1300
const BACK_MS = 2200
const OVER_MS = 60_000

describe.each([['fedkseed', kSeed], ['fedkseed-pro', { ...kSeed, importance: true }], ['ferret', ferret]] as const)('a peer of %s that is killed within a round', (_, preset) => {
  it('comes back with what it had kept and nothing of the round, goes on with its chain, and ends with the bits of the others', () => {
    const method = { ...preset, snapshotEvery: 1000 }
    const clock = new VirtualClock()
    const swarm: Member[] = []
    const killed = 0
    const isThere = (): boolean => clock.nowMs() < KILLED_MS || clock.nowMs() >= BACK_MS
    const peers = [...Array(method.peers).keys()]
    const begin = (self: number): Member => {
      const born: Member = member(method, self, clock, {
        others: () => peers.filter(other => other !== self && (other !== killed || isThere())).map(nameOfPeer),
        // what a dead process still has to say reaches nobody
        send: (to, message) => {
          for (const other of peers) {
            if (other === self || (to !== EVERYONE && nameOfPeer(other) !== to)) continue
            clock.schedule(LATENCY_MS, () => { if (swarm[self] === born && (isThere() || (self !== killed && other !== killed))) swarm[other]?.machine.receive(nameOfPeer(self), message) })
          }
        }
      })
      return born
    }
    for (const self of peers) swarm.push(begin(self))
    for (const { machine } of swarm) machine.start(0)
    const compare = (): void => {
      for (const { machine, reports } of swarm) if (reports.some(({ kind }) => kind === 'finished')) machine.compare(EVERYONE)
      clock.schedule(COMPARE_EVERY_MS, compare)
    }
    compare()
    while (clock.nowMs() < KILLED_MS) clock.advance()

    const before = swarm[killed]!
    const kept = before.reports.flatMap(report => report.kind === 'admitted' ? [report.entry] : [])
    const own = kept.filter(({ peer }) => peer === nameOfPeer(killed))
    const told = before.reports.filter(({ kind }) => kind === 'packed').length
    expect(own.length).toBeGreaterThan(0)
    if (method.kind === 'fedkseed') expect(before.machine.step % method.localSteps).toBeGreaterThan(0)
    while (clock.nowMs() < BACK_MS) clock.advance()

    const back = begin(killed)
    swarm[killed] = back
    back.machine.restore(kept)
    back.machine.inquire(nameOfPeer(1))
    back.machine.start(0)
    while (clock.advance(OVER_MS));

    for (const { reports } of swarm) expect(reports.filter(({ kind }) => kind === 'finished' || kind === 'failed')).toMatchObject([{ kind: 'finished', step: STEPS }])
    expect(new Set(swarm.map(({ weights }) => hashWeights(weights))).size).toBe(1)
    const chain = swarm[1]!.machine.ledger.counted().filter(({ peer }) => peer === nameOfPeer(killed))
    expect(chain).toHaveLength(STEPS / method.localSteps)
    expect(chain.slice(0, told)).toEqual(own.slice(0, told))
    expect(swarm.flatMap(({ reports }) => reports).filter(({ kind }) => kind === 'withdrawn' || kind === 'rebuilt')).toEqual([])
  })
})
