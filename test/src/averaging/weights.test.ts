import { describe, expect, it } from 'vitest'
import { labelRound } from '../../../src/averaging/round-label.ts'

describe('a round’s number', () => {
  it('is not carried away by a number that nobody can have reached', () => {
    const label = labelRound(10, [10, Number.MAX_SAFE_INTEGER])
    expect(label).toEqual({ kind: 'meet', round: 10_011 })
  })
})
