import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { SIDE_ARMS, SIDE_CODECS, SIDE_INTERVALS } from '../../../testnet/experiments/codec-loss-arms.ts'
import { sideInformationChart, sideInformationPage } from '../../../testnet/experiments/side-information-page.ts'
import type { SideResult } from '../../../testnet/experiments/side-information-page.ts'

/** The same from seed to seed but for the loss of `modulo`, which is 0.01 less each time. */
const results = [1, 2, 3].flatMap(seed => SIDE_ARMS.map((arm): SideResult => {
  const isNearer = arm.codec.startsWith('modulo')
  return { arm, seed, payloadBytes: 1000 * arm.everySteps, distance: isNearer ? 0.02 : 0.06, replicasLoss: 2.5 + seed / 10 - (isNearer ? 0.01 + seed / 1e5 : 0), meanLoss: 2.5 }
}))

describe('side information in a run', () => {
  it('crosses every codec with every interval, under names of their own', () => {
    expect(SIDE_ARMS).toHaveLength(SIDE_INTERVALS.length * SIDE_CODECS.length)
    expect(new Set(SIDE_ARMS.map(({ point }) => point.name)).size).toBe(SIDE_ARMS.length)
    for (const { point, codec, everySteps } of SIDE_ARMS) expect(methodPreset(point.preset, point.overrides)).toMatchObject({ codec, everySteps })
  })

  it('compares replicas and their mean with what the plain codec gives at the same interval, seed by seed', () => {
    const page = sideInformationPage(results, 'here')
    for (const everySteps of SIDE_INTERVALS) expect(page).toContain(`## H = ${everySteps}`)
    expect(page).toMatch(/`modulo\(2,128\) \\\| rans` \| 10,000 \| 0\.0200 ± 0\.0000 \| 2\.69\d\d ± 0\.\d+ \| -0\.0100 ± 0\.0000, better \| 2\.5000/)
    expect(page).toMatch(/`uniform\(4\) \\\| rans` \| 5,000 \|.*\| – \|/)
  })

  it('writes what is there of a bench that was cut short', () => {
    const first = results.slice(0, 2)
    expect(sideInformationPage(first, 'here')).not.toContain('modulo(2,128) \\| rans` |')
    expect(sideInformationChart(first, 'distance')).toContain('uniform(4) | rans')
    expect(sideInformationChart(results, 'replicasLoss')).toContain('modulo(3,128) | rans')
  })
})
