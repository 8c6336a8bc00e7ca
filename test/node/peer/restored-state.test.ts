import { describe, expect, it } from 'vitest'
import { stretchCounters, stretchTokensOf } from '../../../node/peer/restored-state.ts'

describe('tokens since the last sync in a checkpoint', () => {
  it('are kept for each fragment', () => {
    for (const tokens of [[7], [0, 300, 0, 12]]) expect(stretchTokensOf({ rounds: 3, ...stretchCounters(tokens) })).toEqual(tokens)
  })

  it('are one number for all in older files, and none where nothing was told', () => {
    expect(stretchTokensOf({ stretchTokens: 400, rounds: 3 })).toEqual([400])
    expect(stretchTokensOf({})).toEqual([0])
  })
})
