import { expect, it } from 'vitest'
import { Directory, HEARD_WITHIN_MS, MOST_HEARD } from '../../../src/membership/directory.ts'

it('counts who was heard of late, and knows where they are dialled', () => {
  const directory = new Directory()
  directory.hear('a', '/x', 0)
  directory.hear('b', undefined, 10)
  expect(directory.sizeWith(['b', 'c'], 0)).toBe(4)
  expect(directory.reachable(10)).toEqual(['a'])
  directory.hear('a', undefined, 20)
  expect(directory.addressOf('a')).toBe('/x')
  directory.hear('d', '/y', 10 + HEARD_WITHIN_MS)
  expect(directory.sizeWith([], 0)).toBe(3)
  directory.forget('a')
  expect(directory.reachable(10 + HEARD_WITHIN_MS)).toEqual(['d'])
})

it('counts those told of once enough were met, and never instead of one that was', () => {
  const directory = new Directory()
  directory.meet('met', '/x', 0)
  for (let index = 0; index < 2 * MOST_HEARD; index++) directory.hear(`told-${index}`, '/x', 0)
  expect(directory.sizeWith(['here'], 3)).toBe(3)
  directory.meet('told-7000', undefined, 0)
  expect(directory.sizeWith(['here'], 3)).toBe(1 + 3 + MOST_HEARD - 1)
  expect(directory.reachable(0).slice(0, 2)).toEqual(['met', 'told-7000'])
  expect(directory.sizeWith(['here', 'told-8000'], 3)).toBe(1 + 3 + MOST_HEARD - 1)
})

it('goes on counting whom a dial did not reach, and says later, or when it moved, that it can be dialled', () => {
  const directory = new Directory()
  directory.hear('a', '/x', 0)
  directory.avoid('a', 50)
  directory.hear('a', '/x', 10)
  expect(directory.reachable(49)).toEqual([])
  expect(directory.sizeWith([], 0)).toBe(2)
  expect(directory.reachable(50)).toEqual(['a'])
  directory.hear('a', '/y', 11)
  expect(directory.reachable(11)).toEqual(['a'])
})

it('remembers so many, the newest', () => {
  const directory = new Directory()
  for (let index = 0; index < MOST_HEARD + 10; index++) directory.hear(`peer-${index}`, '/x', index)
  expect(directory.sizeWith([], 0)).toBe(1 + MOST_HEARD)
  expect(directory.addressOf('peer-9')).toBeUndefined()
})
