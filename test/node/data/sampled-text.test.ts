import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sampleOfText } from '../../../node/data/sampled-text.ts'
import { folderWith } from './support.ts'

const lines = Array.from({ length: 900 }, (_, index) => `line ${index} of a text that goes on\n`.repeat(3)).join('')
const written = (): string => join(folderWith({ 'text.txt': lines }), 'text.txt')

it('a short text is taken whole', async () => {
  const { pieces, oneIn } = await sampleOfText([written()], undefined)
  expect(oneIn).toBe(1)
  expect(Buffer.concat(pieces).toString()).toBe(lines)
})

it('of a long one as much as is enough, from all over it', async () => {
  const path = written()
  const all = (await sampleOfText([path], undefined)).pieces
  const { pieces, oneIn } = await sampleOfText([path], undefined, lines.length / 4.5)
  expect(oneIn).toBe(5)
  expect(pieces).toEqual(all.filter((_, index) => index % 5 === 0))
})
