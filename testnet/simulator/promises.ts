import { typicalRounds } from '../../src/averaging/arithmetic/payload-size.ts'
import { UploadKeeper } from '../../src/budget/upload-keeper.ts'
import type { UploadKeeperOptions } from '../../src/budget/upload-keeper.ts'
import { createLayout } from '../../src/parameters/layout.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import type { Scenario } from './simulation.ts'

/** Of the seed's words, apart from those of the simulation. */
const ESTIMATE_STREAM = 105

/** Keeps a simulated peer's promise, where it gave one, by the bytes that its virtual uplink counts. */
export function keeperFor (scenario: Scenario, index: number, meter: Pick<UploadKeeperOptions, 'nowMs' | 'sentBytes'>): UploadKeeper | undefined {
  const { promises, method, parameters, layout } = scenario
  const promise = promises?.[index]
  if (promise === undefined) return undefined
  const shape = layout ?? createLayout([{ name: 'weights', shape: [parameters] }])
  const some = new Float32Array(shape.size)
  fillGaussian(some, words(scenario.seed, ESTIMATE_STREAM), 1)
  return new UploadKeeper({ promise, ladder: typicalRounds(method, shape, some), ...meter })
}
