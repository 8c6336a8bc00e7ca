import { describe, expect, it } from 'vitest'
import { methodPreset, presetNames } from '../../../../src/averaging/methods.ts'
import type { MethodSpec } from '../../../../src/manifest/schema.ts'
import type { Member } from './lockstep.ts'
import { meanOf, members, runAll, syncRound } from './lockstep.ts'
import { partnerIn } from './pairs.ts'

const SIZE = 512
const PEERS = 4
const STEPS = 240
const RATE = 0.1
const positions = [...Array(SIZE).keys()]
const target = (index: number, at: number): number => Math.sin(at) + 0.8 * Math.sin(5 * index + 3 * at)
const optimum = (at: number): number => meanOf(Array.from({ length: PEERS }, (_, index) => [target(index, at)]), 0)

/** Root mean square distance to the optimum of everyone's data, in units of where everyone started. */
function distance (weights: readonly ArrayLike<number>[]): number {
  const squares = (valueAt: (at: number) => number): number => positions.reduce((sum, at) => sum + (valueAt(at) - optimum(at)) ** 2, 0)
  return Math.sqrt(squares(at => meanOf(weights, at)) / squares(() => 0))
}

function learn ({ fast }: Member, index: number): void {
  for (const at of positions) fast[at] = fast[at]! - RATE * (fast[at]! - target(index, at))
}

/** Sparse and signed methods want small steps and many of them; here there are few of either, so a larger share of the values crosses. */
const adapted: Readonly<Record<string, Partial<MethodSpec>>> = {
  sparseloco: { everySteps: 3, codec: 'topk(0.25,64) | int2 | rans' },
  dgc: { codec: 'topk(0.25,64) | fp32', momentumCorrection: 0.5 },
  demo: { outer: { kind: 'sign', learningRate: 0.02 } },
  co2: { everySteps: 6 }
}

/** Codec and all, on quadratics whose optima disagree; H of a dozen steps. */
describe('every preset brings its replicas to the common optimum', () => {
  it.each(presetNames.map(name => [name]))('%s', name => {
    const preset = methodPreset(name)
    const spec = methodPreset(name, { everySteps: preset.everySteps === 1 ? 1 : 12, ...adapted[name] })
    const swarm = members(spec, Array.from({ length: PEERS }, () => new Float32Array(SIZE)))
    if (spec.shares === 'gradients') withGradients(swarm, spec.outer.kind === 'inner')
    else if (spec.groupSize === 'all') runAll(spec, swarm, STEPS, learn)
    else if (spec.groupSize === 2) inPairs(swarm)
    else runAll(spec, swarm.slice(0, 1), STEPS, learn)
    const replicas = spec.groupSize === 1 ? swarm.slice(0, 1) : swarm
    expect(distance(replicas.map(({ fast }) => fast))).toBeLessThan(spec.groupSize === 1 ? 1 : 0.12)

    function inPairs (all: readonly Member[]): void {
      for (let round = 1; round <= STEPS / 12 * spec.fragments; round++) {
        for (let step = 0; step < 12 / spec.fragments; step++) all.forEach(learn)
        const fragment = (round - 1) % spec.fragments
        for (const pair of partnerIn(round, spec.fragments)) syncRound(pair.map(index => all[index]!), { round, fragment })
      }
    }
  })

  function withGradients (swarm: readonly Member[], isInner: boolean): void {
    for (let round = 1; round <= STEPS; round++) {
      swarm.forEach(({ fast, gradient }, index) => { for (const at of positions) gradient[at] = fast[at]! - target(index, at) })
      syncRound(swarm, { round })
      if (isInner) for (const { fast, gradient } of swarm) for (const at of positions) fast[at] = fast[at]! - RATE * gradient[at]!
    }
  }
})
