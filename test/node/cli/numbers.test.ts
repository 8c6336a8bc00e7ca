import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numberOption } from '../../../node/cli/numbers.ts'

const usage = expect.objectContaining({ code: 'USAGE' }) as unknown as Error

describe('a number on the command line', () => {
  it('is taken as written when it is in range', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1000 }), value => {
      expect(numberOption('peers', String(value), { minimum: 0, maximum: 1000 })).toBe(value)
    }))
    expect(numberOption('rate', '0.003', { minimum: 0, maximum: 1, whole: false })).toBe(0.003)
  })

  it.each(['', ' ', 'many', '1.5', '0', '11', '-1', 'NaN', 'Infinity', '1e999', '3 4', '5x'])('%j is refused where 1 to 10 is meant', text => {
    expect(() => numberOption('peers', text, { minimum: 1, maximum: 10 })).toThrow(usage)
  })

  it.each(['Infinity', 'NaN', '9007199254740993'])('%s is refused without a maximum too', text => {
    expect(() => numberOption('steps', text, { minimum: 0 })).toThrow(usage)
  })

  it('says which option, what it takes, and a value that works', () => {
    expect(() => numberOption('peers', 'many', { minimum: 1, maximum: 10 })).toThrow(expect.objectContaining({
      message: '--peers many cannot be used', why: 'it has to be a whole number from 1 to 10', tryThis: '--peers 1'
    }) as unknown)
  })
})
