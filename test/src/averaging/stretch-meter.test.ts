import { describe, expect, it } from 'vitest'
import { StretchMeter } from '../../../src/averaging/stretch-meter.ts'

const reached = (step: number, tokens: number): { step: number, tokens: number, meanLoss: number } => ({ step, tokens, meanLoss: 1 })

describe('tokens between syncs', () => {
  it('are counted for each fragment since its own, and go on where a checkpoint left them', () => {
    const meter = new StretchMeter(2, [], 0)
    meter.begin(0, 0)
    meter.end(reached(5, 500), 1000)
    meter.synced(0, 500)
    meter.begin(5, 1000)
    meter.end(reached(10, 500), 2000)
    expect(meter.tokens).toEqual([500, 1000])
    const resumed = new StretchMeter(2, meter.tokens, 5)
    resumed.begin(10, 0)
    resumed.end(reached(12, 200), 400)
    expect([resumed.tokensOf(0), resumed.tokensOf(1), resumed.tokensPerSecond]).toEqual([700, 1200, 500])
  })

  it('of an older checkpoint are those of all fragments', () => {
    expect(new StretchMeter(3, [400], 4).tokens).toEqual([400, 400, 400])
  })

  it('that nobody told are guessed from those that follow', () => {
    const meter = new StretchMeter(1, [0], 3)
    meter.begin(3, 0)
    meter.end(reached(5, 200), 1000)
    expect(meter.tokens).toEqual([500])
  })
})
