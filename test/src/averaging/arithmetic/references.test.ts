import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../../src/averaging/methods.ts'
import type { Member } from './lockstep.ts'
import { meanOf, member, members, open, runAll, syncRound } from './lockstep.ts'
import { RATE, descend, descendExactly, gradientAt, zeros } from './quadratics.ts'

const SIZE = 8
const PEERS = 4
const starts = (count = PEERS): Float32Array[] => Array.from({ length: count }, () => new Float32Array(SIZE))
const positions = [...Array(SIZE).keys()]

function expectClose (swarm: readonly Member[], exact: readonly ArrayLike<number>[], digits = 5): void {
  swarm.forEach(({ fast }, index) => { positions.forEach(at => { expect(fast[at]).toBeCloseTo(exact[index]![at]!, digits) }) })
}

/** θ of every peer after rounds of `outer`, which gets the mean of θ and moves φ. */
function inLockstep (everySteps: number, rounds: number, outer: (mean: Float64Array, slow: Float64Array) => void): Float64Array[] {
  const slow = new Float64Array(SIZE)
  for (let round = 0; round < rounds; round++) {
    const fast = zeros(PEERS).map(values => { values.set(slow); return values })
    fast.forEach((values, index) => { for (let step = 0; step < everySteps; step++) descendExactly(values, index) })
    outer(Float64Array.from(positions, at => meanOf(fast, at)), slow)
  }
  return zeros(PEERS).map(() => slow)
}

describe('presets against references in float64', () => {
  it('ddp: the inner optimizer takes the mean gradient', () => {
    const spec = methodPreset('ddp')
    const swarm = members(spec, starts())
    const exact = new Float64Array(SIZE)
    for (let step = 1; step <= 20; step++) {
      swarm.forEach(({ gradient, fast }, index) => { positions.forEach(at => { gradient[at] = gradientAt(index, at, fast[at]!) }) })
      syncRound(swarm, { round: step })
      for (const { gradient, fast } of swarm) positions.forEach(at => { fast[at] = fast[at]! - RATE * gradient[at]! })
      exact.forEach((value, at) => { exact[at] = value - RATE * meanOf(swarm.map((_, index) => [gradientAt(index, at, value)]), 0) })
    }
    expectClose(swarm, swarm.map(() => exact))
  })

  it('fedavg: weights become their mean', () => {
    const spec = methodPreset('fedavg', { everySteps: 5 })
    const swarm = members(spec, starts())
    runAll(spec, swarm, 30, descend)
    expectClose(swarm, inLockstep(5, 6, (mean, slow) => { slow.set(mean) }))
  })

  it('diloco: PyTorch’s Nesterov on the mean outer gradient', () => {
    const spec = methodPreset('diloco', { everySteps: 5 })
    const swarm = members(spec, starts())
    runAll(spec, swarm, 60, descend)
    const velocity = new Float64Array(SIZE)
    expectClose(swarm, inLockstep(5, 12, (mean, slow) => {
      slow.forEach((value, at) => {
        velocity[at] = 0.9 * velocity[at]! + (value - mean[at]!)
        slow[at] = value - 0.7 * ((value - mean[at]!) + 0.9 * velocity[at])
      })
    }))
  })

  it('streaming-diloco: each half on its own schedule, landing τ steps later, mixed by α', () => {
    const [every, flight, half] = [10, 3, SIZE / 2]
    const spec = methodPreset('streaming-diloco', { everySteps: every, overlapSteps: flight, codec: 'fp32' })
    const swarm = members(spec, starts())
    runAll(spec, swarm, 47, descend)
    const [fast, slow, velocity] = [zeros(PEERS), new Float64Array(SIZE), new Float64Array(SIZE)]
    const inFlight = new Map<number, { from: number, mean: number[] }>()
    for (let step = 1; step <= 47; step++) {
      fast.forEach(descendExactly)
      const landing = inFlight.get(step)
      landing?.mean.forEach((mean, offset) => {
        const at = landing.from + offset
        velocity[at] = 0.9 * velocity[at]! + mean
        slow[at] = slow[at]! - 0.4 * (mean + 0.9 * velocity[at])
        for (const values of fast) values[at] = 0.5 * values[at]! + 0.5 * slow[at]
      })
      if (step % (every / 2) === 0) {
        const from = step % every === 0 ? half : 0
        inFlight.set(step + flight, { from, mean: positions.slice(from, from + half).map(at => slow[at]! - meanOf(fast, at)) })
      }
    }
    expectClose(swarm, fast)
  })

  it('noloco: modified Nesterov in pairs that change', () => {
    const spec = methodPreset('noloco', { everySteps: 4, codec: 'fp32' })
    const swarm = members(spec, starts())
    const [slow, moved, fast] = [zeros(PEERS), zeros(PEERS), zeros(PEERS)]
    const pairings = [[[0, 1], [2, 3]], [[0, 2], [1, 3]], [[0, 3], [1, 2]]]
    for (let round = 1; round <= 12; round++) {
      for (let step = 0; step < 4; step++) { swarm.forEach(descend); fast.forEach(descendExactly) }
      for (const pair of pairings[round % 3]!) {
        syncRound(pair.map(index => swarm[index]!), { round })
        const means = positions.map(at => meanOf(pair.map(index => fast[index]!), at))
        for (const index of pair) {
          positions.forEach(at => {
            moved[index]![at] = 0.5 * moved[index]![at]! + 0.7 * (means[at]! - slow[index]![at]!)
            slow[index]![at] = slow[index]![at]! + moved[index]![at]
          })
          fast[index]!.set(slow[index]!)
        }
      }
    }
    expectClose(swarm, fast)
  })

  it('shoal: a Nesterov step of one’s own, then the pair’s mean; flights keep what they learned', () => {
    const spec = methodPreset('shoal', { fragments: 1, everySteps: 6, overlapSteps: 2, codec: 'fp32' })
    const swarm = members(spec, starts(2))
    runAll(spec, swarm, 45, descend)
    const [slow, velocity, fast] = [zeros(2), zeros(2), zeros(2)]
    let sent: Float64Array[] = []
    let mean: number[] = []
    for (let step = 1; step <= 45; step++) {
      fast.forEach(descendExactly)
      if (step % 6 === 0) {
        sent = fast.map(values => values.slice())
        slow.forEach((values, index) => {
          values.forEach((value, at) => {
            const delta = value - fast[index]![at]!
            velocity[index]![at] = 0.3 * velocity[index]![at]! + delta
            values[at] = value - 0.7 * (delta + 0.3 * velocity[index]![at])
          })
        })
        mean = positions.map(at => meanOf(slow, at))
      }
      if (step % 6 === 2 && step > 6) {
        fast.forEach((values, index) => { values.forEach((value, at) => { values[at] = mean[at]! + value - sent[index]![at]! }) })
        for (const values of slow) values.set(mean)
      }
    }
    expectClose(swarm, fast)
  })

  it('sparta: the same entries on every peer become their mean, the others stay', () => {
    const spec = methodPreset('sparta', { codec: 'randk(0.25,plain)' })
    const count = 64
    const weights = Array.from({ length: PEERS }, (_, index) => Float32Array.from({ length: count }, (_, at) => index + at / 7))
    const swarm = members(spec, weights)
    const touched = [1, 2, 3].map(round => {
      const before = swarm.map(({ fast }) => fast.slice())
      syncRound(swarm, { round, parts: [{ start: 0, end: count, owner: 'b' }] })
      const chosen = [...Array(count).keys()].filter(at => swarm.some(({ fast }, index) => fast[at] !== before[index]![at]))
      for (const at of chosen) for (const { fast } of swarm) expect(fast[at]).toBeCloseTo(meanOf(before, at), 5)
      return chosen
    })
    expect(touched[0]).toHaveLength(16)
    expect(new Set(touched.flat()).size).toBeGreaterThan(16)
  })

  it('co2: the mean of a round ago, penalised for the last step and clipped', () => {
    const spec = methodPreset('co2', { everySteps: 5, outer: { kind: 'co2', learningRate: 0.5, momentum: 0.3, clipNorm: 0.8 } })
    const swarm = members(spec, starts())
    runAll(spec, swarm, 50, descend)
    const size = (values: readonly number[]): number => Math.hypot(...values)
    let [slow, velocity, lastStep, stale] = [positions.map(() => 0), positions.map(() => 0), 0, undefined as number[] | undefined]
    let fast = zeros(PEERS)
    for (let boundary = 1; boundary <= 10; boundary++) {
      const from = fast.map(values => values.slice())
      fast.forEach((values, index) => { for (let step = 0; step < 5; step++) descendExactly(values, index) })
      const learned = positions.map(at => meanOf(from, at) - meanOf(fast, at))
      if (stale !== undefined) {
        const mean = stale
        const gap = 1 + lastStep / (0.5 * size(mean))
        const raw = velocity.map((value, at) => 0.3 * value + mean[at]! / gap)
        velocity = raw.map(value => value * Math.min(1, 0.8 / size(raw)))
        slow = slow.map((value, at) => value - 0.5 * velocity[at]!)
        lastStep = 0.5 * size(velocity)
        fast = zeros(PEERS).map(() => Float64Array.from(slow))
      }
      stale = learned
    }
    expectClose(swarm, fast, 4)
  })

  it('sparseloco: top-k of what is due, error feedback, no momentum', () => {
    const [decay, kept] = [0.95, 2]
    const spec = methodPreset('sparseloco', { everySteps: 5, codec: 'topk(0.25,64)' })
    const swarm = members(spec, starts(2))
    runAll(spec, swarm, 40, descend)
    const [slow, residual] = [new Float64Array(SIZE), zeros(2)]
    let fast = zeros(2)
    for (let round = 0; round < 8; round++) {
      fast.forEach((values, index) => { for (let step = 0; step < 5; step++) descendExactly(values, index) })
      const sent = residual.map((held, index) => {
        const due = held.map((value, at) => decay * value + slow[at]! - fast[index]![at]!)
        const chosen = [...positions].sort((a, b) => Math.abs(due[b]!) - Math.abs(due[a]!)).slice(0, kept)
        const message = due.map((value, at) => chosen.includes(at) ? value : 0)
        held.set(due.map((value, at) => value - message[at]!))
        return message
      })
      slow.forEach((value, at) => { slow[at] = value - meanOf(sent, at) })
      fast = zeros(2).map(() => slow.slice())
    }
    expectClose(swarm, fast)
  })

  it('demo: the sign of the mean of what momentum holds largest', () => {
    const spec = methodPreset('demo', { codec: 'topk(0.25,64)', errorFeedback: 0.9, outer: { kind: 'sign', learningRate: 0.01 } })
    const swarm = members(spec, starts(2))
    const [exact, momentum] = [new Float64Array(SIZE), zeros(2)]
    for (let step = 1; step <= 20; step++) {
      swarm.forEach(({ gradient, fast }, index) => { positions.forEach(at => { gradient[at] = gradientAt(index, at, fast[at]!) }) })
      syncRound(swarm, { round: step })
      const sent = momentum.map((held, index) => {
        held.forEach((value, at) => { held[at] = 0.9 * value + gradientAt(index, at, exact[at]!) })
        const chosen = [...positions].sort((a, b) => Math.abs(held[b]!) - Math.abs(held[a]!)).slice(0, 2)
        const message = held.map((value, at) => chosen.includes(at) ? value : 0)
        held.forEach((value, at) => { held[at] = value - message[at]! })
        return message
      })
      exact.forEach((value, at) => { exact[at] = value - 0.01 * Math.sign(meanOf(sent, at)) })
    }
    expectClose(swarm, [exact, exact])
  })

  it('dgc: momentum is corrected, and masked where it was sent', () => {
    const spec = methodPreset('dgc', { codec: 'topk(0.25,64)', momentumCorrection: 0.9 })
    const swarm = members(spec, starts(2))
    const [exact, velocity, due] = [new Float64Array(SIZE), zeros(2), zeros(2)]
    for (let step = 1; step <= 25; step++) {
      swarm.forEach(({ gradient, fast }, index) => { positions.forEach(at => { gradient[at] = gradientAt(index, at, fast[at]!) }) })
      syncRound(swarm, { round: step })
      for (const { gradient, fast } of swarm) positions.forEach(at => { fast[at] = fast[at]! - 0.02 * gradient[at]! })
      const sent = velocity.map((moving, index) => {
        positions.forEach(at => {
          moving[at] = 0.9 * moving[at]! + gradientAt(index, at, exact[at]!)
          due[index]![at] = due[index]![at]! + moving[at]
        })
        const chosen = [...positions].sort((a, b) => Math.abs(due[index]![b]!) - Math.abs(due[index]![a]!)).slice(0, 2)
        const message = positions.map(at => chosen.includes(at) ? due[index]![at]! : 0)
        for (const at of chosen) { due[index]![at] = 0; moving[at] = 0 }
        return message
      })
      exact.forEach((value, at) => { exact[at] = value - 0.02 * meanOf(sent, at) })
    }
    expectClose(swarm, [exact, exact])
  })

  it('decoupled-diloco: the mean of those who came, by tokens', () => {
    const spec = methodPreset('decoupled-diloco', { fragments: 1, everySteps: 5, overlapSteps: 0, mixing: 0, codec: 'fp32' })
    const swarm = members(spec, starts(3))
    swarm.forEach((each, index) => { for (let step = 0; step < 5; step++) descend(each, index) })
    const before = swarm.map(({ fast }) => fast.slice())
    const tokens = (id: string): number => id === 'a' ? 300 : 100
    const opened = open(swarm, { tokens, parts: [{ start: 0, end: SIZE, owner: 'a' }] })
    const [first, second, absent] = opened.rounds
    first!.receive(0, 'b', second!.contribution(0))
    second!.accept(0, first!.reduced(0))
    absent!.accept(0, first!.reduced(0))
    expect(opened.rounds.map(round => round.commit(0).members)).toEqual([['b'], ['a'], ['a', 'b']])
    const step = (mean: number): number => -0.7 * (-mean + 0.9 * -mean)
    // The middle of 100 and 300 is √30000, and nobody counts more than twice or less than half of it.
    swarm.forEach(({ fast }) => { positions.forEach(at => { expect(fast[at]).toBeCloseTo(step(0.75 * before[0]![at]! + 0.25 * before[1]![at]!), 5) }) })
  })

  it('branch-train-merge: nobody meets anybody', () => {
    const spec = methodPreset('branch-train-merge', { everySteps: 5 })
    const alone = member('a', spec, new Float32Array(SIZE))
    const exact = zeros(1)
    runAll(spec, [alone], 30, descend)
    for (let step = 0; step < 30; step++) descendExactly(exact[0]!, 0)
    expectClose([alone], exact)
  })
})
