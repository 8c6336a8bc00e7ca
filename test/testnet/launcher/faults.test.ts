import { expect, it } from 'vitest'
import { FaultRunner } from '../../../testnet/launcher/faults.ts'
import type { Testnet } from '../../../testnet/launcher/testnet.ts'
import { LinkBook } from '../../../testnet/links/link-book.ts'
import { UNSHAPED } from '../../../testnet/links/path.ts'
import type { PlannedFault } from '../../../testnet/scenarios/plan.ts'

const at = { round: 1 }
const FAULTS: readonly PlannedFault[] = [
  { kind: 'link', at, peers: [0], link: { ...UNSHAPED, up: 1000 } },
  { kind: 'partition', at, sides: [[0], []], forMs: undefined },
  { kind: 'heal', at },
  { kind: 'stall', at, peers: [0], forMs: 1e6 }
]

it.each(FAULTS.map(fault => [fault.kind, fault] as const))('a %s that the kernel refuses is told of, and has not happened', async (_, fault) => {
  const seats = [{ name: 'A', plan: { lane: 'first-order' } }]
  const links = { book: new LinkBook(), settled: async () => Promise.reject(new Error('tc: no')) }
  const testnet = { seats, seat: () => seats[0], shapedLinks: () => links, relink: () => undefined, hold: () => () => undefined } as unknown as Testnet
  const { failure, undone } = await new Promise<{ failure: string, undone: readonly string[] }>(resolve => {
    const runner = new FaultRunner([fault], sentence => { if (!sentence.startsWith('now: ')) resolve({ failure: sentence, undone: runner.undone }) })
    runner.begin(testnet)
    runner.round('A', 1)
    runner.stop()
  })
  expect(failure).toBe('that failed: tc: no')
  expect(undone).toEqual(['tc: no'])
})

it('faults begin with whoever comes to their round first, and are no round of a scalar lane', () => {
  const seats = [{ name: 'A', plan: { lane: 'first-order' } }, { name: 'B', plan: { lane: 'first-order' } }, { name: 'C', plan: { lane: 'scalars' } }]
  const killed: string[] = []
  const testnet = { seats, seat: (name: string) => seats.find(seat => seat.name === name), kill: (name: string) => { killed.push(name) } } as unknown as Testnet
  const runner = new FaultRunner([{ kind: 'kill', at: { round: 4 }, peers: [0], forMs: undefined }], () => undefined)
  runner.begin(testnet)
  runner.round('C', 9)
  runner.round('A', 3)
  expect(killed).toEqual([])
  runner.round('B', 4)
  runner.round('A', 4)
  expect(killed).toEqual(['A'])
})

it('a lie is told to whoever is to begin with it, by the round of the honest', () => {
  const told: string[] = []
  const seats = [{ name: 'A', plan: { lane: 'first-order', conduct: {} } }, { name: 'B', plan: { lane: 'first-order' } }]
  const testnet = { seats, seat: (name: string) => ({ lie: (attack: string) => { told.push(`${name} ${attack}`) } }) } as unknown as Testnet
  const runner = new FaultRunner([{ kind: 'lie', at: { round: 4 }, peers: [0], attack: 'garbage' }], sentence => { told.push(sentence) })
  runner.begin(testnet)
  runner.round('A', 9)
  runner.round('B', 3)
  expect(told).toEqual([])
  runner.round('B', 4)
  expect(told).toEqual(['now: lie A (garbage)', 'A garbage'])
})
