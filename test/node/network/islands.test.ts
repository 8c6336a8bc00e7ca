import { expect, test } from 'vitest'
import { IslandWatch, MEETING_REPEAT_MS, SETTLED_MS } from '../../../node/network/islands.ts'

const hello = (round: number, ...peers: string[]): Parameters<IslandWatch['joined']>[1] =>
  ({ peers: peers.map(peerId => ({ peerId, addresses: [] })), progress: { round, step: 0, training: true } })

test('a newcomer with company of whom nobody is known is the meeting of two islands, told once', () => {
  const watch = new IslandWatch()
  expect(watch.joined('b', hello(0), 0, 0)).toBeUndefined()
  expect(watch.joined('x', hello(9, 'y', 'z'), 4, SETTLED_MS)).toBe('two islands of this run met: 3 peers at round 9 there, 2 peers at round 4 here; they are introduced to each other and average from now on')
  expect(watch.joined('y', hello(9, 'w'), 4, SETTLED_MS + 1)).toBeUndefined()
  expect(watch.joined('y2', hello(9, 'w2'), 4, SETTLED_MS + MEETING_REPEAT_MS)).toContain('islands')
})

test('newcomers of the same swarm, and who comes while everybody still arrives, are no island', () => {
  const watch = new IslandWatch()
  watch.joined('b', hello(0), 0, 0)
  expect(watch.joined('c', hello(0, 'd'), 0, SETTLED_MS - 1)).toBeUndefined()
  expect(watch.joined('e', hello(0, 'b', 'f'), 0, 3 * SETTLED_MS)).toBeUndefined()
  expect(watch.joined('g', hello(0), 0, 4 * SETTLED_MS)).toBeUndefined()
  // who was here and comes again is no newcomer
  expect(watch.joined('b', hello(0, 'h'), 0, 5 * SETTLED_MS)).toBeUndefined()
  watch.left('b')
  watch.left('c')
  watch.left('e')
  watch.left('g')
  expect(watch.joined('i', hello(0, 'j'), 0, 6 * SETTLED_MS)).toBeUndefined()
})
