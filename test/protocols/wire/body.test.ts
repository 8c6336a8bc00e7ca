import { expect, it } from 'vitest'
import { describeBody, describeLargeBody } from '../../../protocols/wire/body.ts'

it.each([0, 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 - 7])('a body of %d bytes is described the same in slices, and others have their turn', async size => {
  const body = Uint8Array.from({ length: size }, (_, index) => index * 31 & 0xff)
  let turns = 0
  const timer = setInterval(() => { turns++ })
  expect(await describeLargeBody(body)).toEqual(describeBody(body))
  clearInterval(timer)
  if (size > 2 ** 20) expect(turns).toBeGreaterThan(0)
})
