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

/** One peer, whose lines become nothing that they were not. */
function refusing (): Testnet {
  const seats = [{ name: 'A', plan: { lane: 'first-order' } }]
  const links = { book: new LinkBook(), settled: async () => Promise.reject(new Error('tc: no')) }
  return { seats, seat: () => seats[0], shapedLinks: () => links, relink: () => undefined, hold: () => () => undefined } as unknown as Testnet
}

it.each(FAULTS.map(fault => [fault.kind, fault] as const))('a %s that the kernel refuses is told of, and has not happened', async (_, fault) => {
  const { failure, undone } = await new Promise<{ failure: string, undone: readonly string[] }>(resolve => {
    const runner = new FaultRunner([fault], sentence => { if (!sentence.startsWith('now: ')) resolve({ failure: sentence, undone: runner.undone }) })
    runner.begin(refusing())
    runner.round('A', 1)
    runner.stop()
  })
  expect(failure).toBe('that failed: tc: no')
  expect(undone).toEqual(['tc: no'])
})

it('each reason why something did not happen is told once in the end', async () => {
  const failures: string[] = []
  const undone = await new Promise<readonly string[]>(resolve => {
    const runner = new FaultRunner(FAULTS.slice(0, 3), sentence => {
      if (!sentence.startsWith('now: ')) failures.push(sentence)
      if (failures.length === 3) resolve(runner.undone)
    })
    runner.begin(refusing())
    runner.round('A', 1)
  })
  expect(undone).toEqual(['tc: no'])
})

it.each([
  ['ended by itself', { wasAsked: false, hasEndedUnasked: true }, ['no room']],
  ['runs, and its line cannot be laid', { wasAsked: false, hasEndedUnasked: false }, ['no room']],
  ['was made to end meanwhile', { wasAsked: true, hasEndedUnasked: false }, []]
])('of a peer that does not come because it %s', async (_, became, undone) => {
  const seat = { name: 'A', plan: { lane: 'first-order' }, ...became }
  const said: string[] = []
  const runner = new FaultRunner([{ kind: 'join', at, peers: [0] }], sentence => { said.push(sentence) })
  await new Promise<void>(resolve => {
    const testnet = { seats: [seat], seat: () => seat, bring: async () => Promise.reject(new Error('no room')), hold: () => resolve } as unknown as Testnet
    runner.begin(testnet)
    runner.round('A', 1)
  })
  expect(runner.undone).toEqual(undone)
  expect(said).toEqual(['now: join A', ...undone.map(reason => `that failed: ${reason}`)])
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
