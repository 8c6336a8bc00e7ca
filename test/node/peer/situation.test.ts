import { describe, expect, it } from 'vitest'
import { RateWindow } from '../../../node/peer/rate-window.ts'
import { situationOf } from '../../../node/peer/situation.ts'
import type { Circumstances } from '../../../node/peer/situation.ts'

const training: Circumstances = {
  averaging: { phase: 'training', sentence: 'training to step 40', round: 1 }, trainsAlone: false, pausedForSeconds: undefined, others: 2, othersTraining: 1, isRefused: false, reach: 'nobody has dialled this peer directly', addresses: 2, told: undefined
}
const sentence = (changes: Partial<Circumstances>): string => situationOf({ ...training, ...changes }).sentence

describe('the sentence of a status', () => {
  it('says why no round meets anybody', () => {
    expect(sentence({})).toBe('training to step 40')
    expect(sentence({ others: 0, othersTraining: 0 })).toBe('training to step 40; alone here: shoal invite prints the line with which the next peer joins')
    expect(sentence({ others: 0, othersTraining: 0, isRefused: true })).toBe('training to step 40; alone here, and not let in by others: shoal peers --rejected says why')
    expect(sentence({ othersTraining: 0 })).toBe('training to step 40; 2 others here, none of them training')
    expect(sentence({ others: 0, othersTraining: 0, trainsAlone: true })).toBe('training to step 40')
  })

  it('says what would end a wait', () => {
    const waiting = { averaging: { phase: 'waiting' as const, sentence: 'waiting for 1 other peer before the first step: 0 ready', round: 0 }, others: 0, othersTraining: 0 }
    expect(sentence(waiting)).toContain('0 ready; listening on 2 addresses; nobody has dialled this peer directly; if somebody tries to join, shoal doctor')
    expect(sentence({ ...waiting, reach: 'others dial this peer from other networks', others: 1, addresses: 1 })).toContain('; listening on 1 address; others dial this peer from other networks')
  })

  it('says who asked for a pause, and how it ends', () => {
    expect(situationOf({ ...training, pausedForSeconds: 200 })).toEqual({ phase: 'paused', sentence: 'paused for 3 min 20 s: shoal pause asked for it; the others go on, and shoal resume goes on here' })
    expect(situationOf({ ...training, averaging: { phase: 'finished', sentence: 'all 40 steps are taken', round: 2 }, pausedForSeconds: 200 }).phase).toBe('finished')
  })

  it('says what goes on before training and after it', () => {
    expect(situationOf({ ...training, averaging: { phase: 'idle', sentence: 'not started', round: 0 } })).toEqual({ phase: 'starting', sentence: 'measuring the loss on held-out data before the first step' })
    expect(sentence({ averaging: { phase: 'finished', sentence: 'all 40 steps are taken', round: 2 }, told: 'fetching the weights of 2 others' })).toBe('all 40 steps are taken; fetching the weights of 2 others')
  })
})

describe('the rate of what is sent', () => {
  it('is that of the last ten seconds', () => {
    const window = new RateWindow()
    expect(window.rate()).toEqual({ sentPerSecond: 0, receivedPerSecond: 0 })
    for (let second = 0; second <= 60; second++) window.add({ atMs: 1000 * second, sent: second <= 30 ? 0 : 500 * (second - 30), received: 100 * second })
    expect(window.rate()).toEqual({ sentPerSecond: 500, receivedPerSecond: 100 })
  })
})
