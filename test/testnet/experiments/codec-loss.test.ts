import { describe, expect, it } from 'vitest'
import { CODEC_ARMS } from '../../../testnet/experiments/codec-loss-arms.ts'
import { codecLossTable } from '../../../testnet/experiments/codec-loss-table.ts'
import type { ArmResult } from '../../../testnet/experiments/codec-loss-table.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'

function resultOf (preset: string, codec: string, seed: number, loss: number): ArmResult {
  const arm = CODEC_ARMS.find(each => each.preset === preset && each.codec === codec)!
  return { arm, seed, loss, payloadBytes: 123_456 }
}

describe('loss by codec', () => {
  it('compares each codec with fp32 in the same preset, under names of their own', () => {
    expect(new Set(CODEC_ARMS.map(({ point }) => `${point.preset}-${point.name}`)).size).toBe(CODEC_ARMS.length)
    for (const preset of ['diloco', 'noloco']) expect(CODEC_ARMS.filter(arm => arm.preset === preset && arm.codec === 'fp32')).toHaveLength(1)
    for (const { point, codec } of CODEC_ARMS) expect(methodPreset(point.preset, point.overrides).codec).toBe(codec)
  })

  it('pairs seeds: what varies between them does not hide a difference', () => {
    const results = [1, 2, 3, 4].flatMap(seed => [resultOf('diloco', 'fp32', seed, 2 + seed / 10), resultOf('diloco', 'int8(64)', seed, 2.01 + seed / 10 + seed / 1e4)])
    const page = codecLossTable(results, 'here')
    expect(page).toMatch(/`int8\(64\)` \| 123,456 \| 2\.26\d\d ± 0\.\d+ \| 0\.0102 ± 0\.0002 \| worse/)
    expect(page).toMatch(/`fp32` \| 123,456 \| 2\.2500 ± 0\.\d+ \| – \| –/)
  })

  it('says when seeds cannot tell', () => {
    const results = [0.01, -0.01, 0.02].flatMap((difference, seed) => [resultOf('noloco', 'fp32', seed, 2), resultOf('noloco', 'uniform(4) | rans', seed, 2 + difference)])
    expect(codecLossTable(results, 'here')).toContain('not distinguishable')
  })
})
