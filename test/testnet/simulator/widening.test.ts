import { describe, expect, it } from 'vitest'
import { randomScenario } from '../../../testnet/simulator/scenarios.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

/** Steps far below what the referee overlooks. */
const CODEC = 'modulo(16,16) | rans'

describe('side information in a swarm whose links lose, repeat and break', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))('keeps every promise, seed %i', seed => {
    const scenario = randomScenario(seed)
    const { violations, records, lines } = simulate({ ...scenario, method: { ...scenario.method, codec: CODEC } })
    expect(violations).toEqual([])
    expect(records.length + lines.length).toBeGreaterThan(0)
  })

  it('asks for more, is answered, and averages', () => {
    const results = Array.from({ length: 36 }, (_, seed) => {
      const scenario = randomScenario(seed)
      return simulate({ ...scenario, method: { ...scenario.method, codec: CODEC } })
    })
    const lines = results.flatMap(result => result.lines)
    expect(results.flatMap(({ records }) => records).filter(({ outcome }) => outcome === 'averaged').length).toBeGreaterThan(20)
    for (const kind of ['widen', 'widening']) expect(lines.some(line => line.endsWith(`lost ${kind}`)), kind).toBe(true)
  })
})
