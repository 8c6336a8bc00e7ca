import { describe, expect, it } from 'vitest'
import { stepsARound } from '../../../src/spsa/scalar-methods.ts'
import { LASTS_MS, STRUCK, matrixConditions } from '../../../testnet/simulator/fault-matrix.ts'
import { smallScalarMethod } from '../../../testnet/simulator/play-scalars.ts'
import { simulateScalars } from '../../../testnet/simulator/scalar-simulation.ts'
import type { ScalarSwarmResult } from '../../../testnet/simulator/scalar-simulation.ts'

/** A partition that ends shortly before the run, in whose second half the only snapshot is due. */
async function apart (preset: 'fedkseed' | 'ferret', sides: readonly (readonly number[])[], slowerByMs: number): Promise<ScalarSwarmResult> {
  const peers = sides.flat()
  const method = smallScalarMethod(preset, peers.length)
  const when = { inState: 'measuring', of: STRUCK, sinceRound: 3 } as const
  return simulateScalars({
    seed: 7, method, steps: 12 * stepsARound(method), parameters: 64, conditions: matrixConditions, limitMs: 10 * 60_000,
    places: peers.map(index => ({ name: `peer-${index}`, attack: undefined, stepMs: 100 + slowerByMs * index, waitsFor: peers.length - 1, line: { up: 20_000, delay: 0, jitter: 0, loss: 0, stallFor: 0 } })),
    faults: [{ ...when, laterMs: 0, kind: 'partition', sides }, { ...when, laterMs: LASTS_MS, kind: 'heal' }]
  })
}

/** Who did something first of all, in this order. */
function whoDid (what: string, { lines }: ScalarSwarmResult): readonly string[] {
  return [...new Set(lines.flatMap(line => line.includes(` ${what} `) ? line.split(' ')[1] ?? [] : []))]
}

describe.each(['fedkseed', 'ferret'] as const)('a simulated run of %s whose peers were apart', preset => {
  it('ends with one model where each half had taken a snapshot of its own', async () => {
    const result = await apart(preset, [[0, 1], [2, 3]], 0)
    expect([...whoDid('sealed', result)].sort()).toEqual(['peer-0', 'peer-1', 'peer-2', 'peer-3'])
    expect(whoDid('adopted', result).length).toBeGreaterThan(0)
    expect(result.lines.filter(line => line.includes('other weights than were told'))).toEqual([])
    expect(result.violations).toEqual([])
  })

  it.each([['four', [[0, 1], [2, 3]]], ['three', [[0], [1, 2]]]] as const)('ends with that of most among %s, who wait in vain for one that took a snapshot alone', async (_, sides) => {
    const result = await apart(preset, sides, 13)
    expect(whoDid('sealed', result)[0]).toBe('peer-0')
    expect(whoDid('adopted', result)).toContain('peer-0')
    expect(result.violations).toEqual([])
  })
})
