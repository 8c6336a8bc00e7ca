import { describe, expect, it } from 'vitest'
import { axisOptions } from '../../../node/cli/method-options.ts'
import { anyMethodOf } from '../../../node/cli/scalar-options.ts'

describe('a method of scalars', () => {
  it.each(axisOptions.map(axis => [axis]))('has no %s', axis => {
    expect(() => anyMethodOf({ method: 'one-byte', [axis]: 'x' })).toThrow(expect.objectContaining({ code: 'USAGE', why: 'its peers send scalars, and these options are about averaging weights' }) as Error)
  })

  it('is no method of the frame, whose options are refused the other way', () => {
    expect(anyMethodOf({ method: 'one-byte' }).kind).toBe('one-byte')
    expect(() => anyMethodOf({ method: 'noloco', epsilon: '0.1' })).toThrow(expect.objectContaining({ code: 'USAGE', why: 'it is no method of scalars' }) as Error)
  })
})
