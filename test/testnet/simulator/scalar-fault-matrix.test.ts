import { describe, expect, it } from 'vitest'
import { playScalarCell, scalarFaults, scalarStates } from '../../../testnet/simulator/scalar-fault-matrix.ts'

/** Bytes and sums; the slow suite has every method. */
describe.each(['one-byte', 'fedkseed'] as const)('a run of %s', preset => {
  it.each(scalarFaults.filter(({ name }) => ['kill and restart', 'pause', 'partition', 'disk full'].includes(name)).map(fault => [fault.name, fault] as const))('keeps what is guaranteed, whatever a peer does: %s', async (_, fault) => {
    for (const state of scalarStates) expect(await playScalarCell(fault, state, preset)).toEqual({ fault: fault.name, state, preset, outcome: 'held', broken: [] })
  })
})

describe('the matrix of faults of scalars', () => {
  it('calls a cell absent whose own fault never came, whatever made its state come about', async () => {
    const kill = scalarFaults.find(({ name }) => name === 'kill')!
    expect(await playScalarCell({ ...kill, faults: () => [] }, 'asking', 'fedkseed')).toMatchObject({ outcome: 'absent', broken: [] })
  })

  it('sees a guarantee that is broken', async () => {
    const kill = scalarFaults.find(({ name }) => name === 'kill')!
    expect(await playScalarCell({ ...kill, struckEnds: ['budget'] }, 'measuring', 'fedkseed')).toMatchObject({ outcome: 'broken', broken: ['peer-1 ended as crashed'] })
  })
})
