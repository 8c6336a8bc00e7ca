import { describe, expect, it } from 'vitest'
import type { PresetName } from '../../../src/averaging/methods.ts'
import { machineStates, matrixFaults, playCell } from '../../../testnet/simulator/fault-matrix.ts'

/** Pairs at rest, groups that share weights, and fragments in flight; the slow suite has every method. */
const methods: readonly PresetName[] = ['noloco', 'diloco', 'shoal']

describe.each(methods)('a swarm of %s', preset => {
  it.each(matrixFaults.map(fault => [fault.name, fault] as const))('keeps what is guaranteed, whatever its round machine does: %s', async (_, fault) => {
    for (const state of machineStates) {
      expect(await playCell(fault, state, preset)).toEqual({ fault: fault.name, state, preset, outcome: 'held', broken: [] })
    }
  })
})

describe('the matrix of faults', () => {
  it('tells of states that a method’s machine is never in', async () => {
    expect(await playCell(matrixFaults[0]!, 'seeking', 'solo')).toMatchObject({ outcome: 'absent', broken: [] })
  })

  it('sees a guarantee that is broken', async () => {
    const wrong = { ...matrixFaults[0]!, struckEnds: ['budget'] } as const
    expect(await playCell(wrong, 'training', 'noloco')).toMatchObject({ outcome: 'broken', broken: ['peer-1 ended as crashed'] })
  })
})
