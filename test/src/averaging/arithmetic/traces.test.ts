import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../../src/averaging/methods.ts'
import { exchange, members, open, syncRound } from './lockstep.ts'

describe('a golden trace', () => {
  /**
   * η = 0.5, μ = 0.5, two peers a and b with φ = θ = (0, 8) and (4, 0); every stretch of training adds 2 to each weight.
   * Round 1: θ_a = (2, 10), θ_b = (6, 2), mean (4, 6): m_a = 0.5 (4, −2) = (2, −1), φ_a = (2, 7); m_b = 0.5 (0, 6) = (0, 3), φ_b = (4, 3).
   * Round 2: θ_a = (4, 9), θ_b = (6, 5), mean (5, 7): m_a = (1, −0.5) + 0.5 (3, 0) = (2.5, −0.5), φ_a = (4.5, 6.5);
   *          m_b = (0, 1.5) + 0.5 (1, 4) = (0.5, 3.5), φ_b = (4.5, 6.5).
   */
  it('of NoLoCo, worked out by hand', () => {
    const swarm = members(methodPreset('noloco', { codec: 'fp32', outer: { kind: 'noloco', learningRate: 0.5, momentum: 0.5 } }), [[0, 8], [4, 0]])
    const trace = [1, 2].map(round => {
      for (const { fast } of swarm) fast.forEach((value, at) => { fast[at] = value + 2 })
      syncRound(swarm, { round })
      return { slow: swarm.map(({ replica }) => [...replica.slow]), momentum: swarm.map(({ replica }) => [...replica.momentum]), fast: swarm.map(({ fast }) => [...fast]) }
    })
    expect(trace).toEqual([
      { slow: [[2, 7], [4, 3]], momentum: [[2, -1], [0, 3]], fast: [[2, 7], [4, 3]] },
      { slow: [[4.5, 6.5], [4.5, 6.5]], momentum: [[2.5, -0.5], [0.5, 3.5]], fast: [[4.5, 6.5], [4.5, 6.5]] }
    ])
  })

  /**
   * gossip, η = 0.5, μ = 0.5, carried, two peers at φ = θ = 0 and 8; every step adds 2 to a and takes 4 from b. Sent after step 1, landing after step 2.
   * Sent: Δ_a = −2, v_a = −2, φ_a = 0 − 0.5 (−2 − 1) = 1.5 ; Δ_b = 4, v_b = 4, φ_b = 8 − 0.5 (4 + 2) = 5 ; mean 3.25.
   * Landing: θ_a = 4 → 3.25 + (4 − 2) = 5.25 ; θ_b = 0 → 3.25 + (0 − 4) = −0.75.
   * Sent again after step 3: θ_a = 7.25, Δ_a = −4, v_a = −1 − 4 = −5, φ_a = 3.25 − 0.5 (−4 − 2.5) = 6.5 ;
   *   θ_b = −4.75, Δ_b = 8, v_b = 2 + 8 = 10, φ_b = 3.25 − 0.5 (8 + 5) = −3.25 ; mean 1.625.
   * Landing after step 4: θ_a = 1.625 + 2 = 3.625 ; θ_b = 1.625 − 4 = −2.375.
   */
  it('of pair gossip in flight, worked out by hand', () => {
    const spec = methodPreset('shoal', { fragments: 1, everySteps: 2, overlapSteps: 1, codec: 'fp32', outer: { kind: 'gossip', learningRate: 0.5, momentum: 0.5 } })
    const swarm = members(spec, [[0], [8]])
    const train = (): void => { swarm[0]!.fast[0]! += 2; swarm[1]!.fast[0]! -= 4 }
    const trace = [1, 2].map(round => {
      train()
      const opened = open(swarm, { round })
      train()
      exchange(opened)
      opened.rounds.forEach(each => { each.commit(1) })
      return swarm.map(({ fast, replica }) => [fast[0], replica.slow[0], replica.momentum[0]])
    })
    expect(trace).toEqual([[[5.25, 3.25, -2], [-0.75, 3.25, 4]], [[3.625, 1.625, -5], [-2.375, 1.625, 10]]])
  })
})
