import { describe, expect, it } from 'vitest'
import { genesisWeights } from '../../../../src/models/genesis.ts'
import { openGround } from '../../../../testnet/experiments/method-ground.ts'
import { excessOver, sentOf, shareOfBytes, shareOfBytesToLoss } from '../../../../testnet/experiments/lab/lab-rows.ts'
import type { LabRow, Sample } from '../../../../testnet/experiments/lab/lab-rows.ts'

const sample = (seed: number, losses: readonly number[], bytesAMark: number, mergeBytes = 0): Sample => ({
  seed, mergedLoss: losses.at(-1) ?? null, replicasLoss: null, payloadBytes: bytesAMark * losses.length, mergeBytes,
  curve: losses.map((loss, place) => ({ step: place + 1, seconds: place, payloadBytes: bytesAMark * (place + 1), loss }))
})
const row = (samples: readonly Sample[], sentTimes = 1): LabRow => ({ name: 'row', what: 'row', everySteps: 1, learningRate: 1, samples, sentTimes })

describe('rows over paired seeds', () => {
  const reference = row([sample(1, [4, 3, 2], 1000), sample(2, [4, 2], 1000)])

  it('are compared seed by seed, and only where both have one', () => {
    const other = row([sample(2, [2.2], 10), sample(1, [2.2], 10), sample(7, [9], 10)])
    expect(excessOver(other, reference)).toMatchObject({ count: 2, mean: expect.closeTo(0.1, 9) as number })
    expect(shareOfBytes(other, reference).mean).toBeCloseTo(Math.sqrt(10 / 3000 * 10 / 2000), 9)
  })

  it('count the merge once, and what crosses an uplink as often as it does', () => {
    const [one] = [sample(1, [2], 100, 7)]
    expect(sentOf(row([one]), one)).toBe(107)
    expect(sentOf(row([one], 4), one)).toBe(407)
  })

  it('say what share of the bytes leads to the same loss, and nothing where a seed never gets there', () => {
    // To 3: the reference sent 2000 and 1500, the other 20 and 30.
    const other = row([sample(1, [4, 3], 10), sample(2, [4, 3.5, 3], 10)])
    const toThree = shareOfBytesToLoss(other, reference, 0.5)
    expect(toThree?.mean).toBeCloseTo(Math.sqrt(20 / 2000 * 30 / 1500), 9)
    expect(shareOfBytesToLoss(other, reference, 0.49)).toBeUndefined()
  })
})

it('a swarm begins with what one peer learned beforehand, the same every time', async () => {
  const model = { kind: 'gpt', layers: 1, width: 8, heads: 1, context: 8, vocabulary: 256 } as const
  const ground = await openGround({ model, peers: 2, steps: 2, batch: 1, stepMs: 100, latencyMs: 10, heldOutBytes: 100, marks: 1, beforehand: { steps: 2, batch: 2, learningRate: 0.01 } })
  const genesis = await ground.genesis(3)
  expect(genesis).not.toEqual(genesisWeights(model, 3))
  expect(await ground.genesis(3)).toEqual(genesis)
})
