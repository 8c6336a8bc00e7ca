import { beforeEach, describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { RoundRecord } from '../../../src/ports.ts'
import { Watcher } from '../../../testnet/simulator/watcher.ts'

const record = (overrides: Partial<RoundRecord>): RoundRecord => ({
  round: 1, step: 10, members: ['a'], outcome: 'solo', reason: 'solo', spread: NaN, loss: 1, waitedMs: 0, payloadBytesSent: 0, payloadBytesReceived: 0, ...overrides
})

/** Two peers of plain averaging who trained from (0, 0) to (2, 4) and (4, 8): averaged they are at (3, 6). */
describe('the watcher', () => {
  let watcher: Watcher
  const averaged = (self: string, other: string): RoundRecord => record({ members: [self, other], outcome: 'averaged' })
  const mean = new Float32Array([3, 6])

  beforeEach(() => {
    watcher = new Watcher(methodPreset('fedavg-pairs', { codec: 'fp32' }), 5000)
    for (const id of ['a', 'b']) watcher.joined(id, new Float32Array(2))
    watcher.reached('a', new Float32Array([2, 4]), 10)
    watcher.reached('b', new Float32Array([4, 8]), 10)
  })

  it('has nothing to say about a round that went well', () => {
    watcher.committed('a', averaged('a', 'b'), false, mean)
    watcher.committed('b', averaged('b', 'a'), false, mean)
    expect(watcher.violations).toEqual([])
  })

  it('sees a round that was applied by half', () => {
    watcher.committed('a', averaged('a', 'b'), false, new Float32Array([3, 4]))
    expect(watcher.violations).toEqual(['a after round 1: a weight is off by 2'])
  })

  it('sees weights that moved without a round', () => {
    watcher.committed('a', record({}), false, new Float32Array([3, 6]))
    expect(watcher.violations).toHaveLength(1)
  })

  it('sees a peer that counts itself twice, or a round twice', () => {
    watcher.committed('a', record({ members: ['a', 'a'] }), false, new Float32Array([2, 4]))
    expect(watcher.violations[0]).toBe('a counted a, a in round 1')
    watcher.committed('a', record({}), false, new Float32Array([2, 4]))
    expect(watcher.violations[1]).toBe('a committed round 1 after round 1')
  })

  it.each([[true, 1, 0], [false, 0, 1]])('tells one-sided commits from broken promises: in doubt %s', (inDoubt, oneSided, violations) => {
    watcher.committed('a', averaged('a', 'b'), false, mean)
    watcher.committed('b', record({ members: ['b'] }), inDoubt, new Float32Array([4, 8]))
    expect(watcher.oneSided).toBe(oneSided)
    expect(watcher.violations).toHaveLength(violations)
  })

  it('sees a wait beyond what was promised', () => {
    watcher.committed('a', record({ waitedMs: 5001 }), false, new Float32Array([2, 4]))
    expect(watcher.violations).toEqual(['a waited 5001 ms in round 1'])
  })
})
