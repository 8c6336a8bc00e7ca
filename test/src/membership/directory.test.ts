import { expect, it } from 'vitest'
import { Directory, HEARD_WITHIN_MS, MOST_HEARD } from '../../../src/membership/directory.ts'

it('counts who was heard of late, and knows where they are dialled', () => {
  const directory = new Directory()
  directory.hear('a', '/x', 0)
  directory.hear('b', undefined, 10)
  expect(directory.sizeWith(['b', 'c'])).toBe(4)
  expect(directory.reachable).toEqual(['a'])
  directory.hear('a', undefined, 20)
  expect(directory.addressOf('a')).toBe('/x')
  directory.hear('d', '/y', 10 + HEARD_WITHIN_MS)
  expect(directory.sizeWith([])).toBe(3)
  directory.forget('a')
  expect(directory.reachable).toEqual(['d'])
})

it('remembers so many, the newest', () => {
  const directory = new Directory()
  for (let index = 0; index < MOST_HEARD + 10; index++) directory.hear(`peer-${index}`, '/x', index)
  expect(directory.sizeWith([])).toBe(1 + MOST_HEARD)
  expect(directory.addressOf('peer-9')).toBeUndefined()
})
