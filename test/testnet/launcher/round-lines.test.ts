import { describe, expect, it } from 'vitest'
import type { RoundRecord } from '../../../src/ports.ts'
import { RoundLines } from '../../../testnet/launcher/round-lines.ts'

function record (round: number, members: readonly string[], overrides: Partial<RoundRecord> = {}): RoundRecord {
  return {
    round, step: round * 20, members, outcome: members.length > 1 ? 'averaged' : 'solo', reason: 'nobody else is training', spread: 0.002,
    loss: 2.5, waitedMs: 3, payloadBytesSent: 1000, payloadBytesReceived: 1000, ...overrides
  }
}

describe('the line of a round', () => {
  it('is told once all peers that train have told theirs', () => {
    const lines = new RoundLines(id => id.toUpperCase())
    expect(lines.add('A', record(1, ['a', 'b']), 2)).toEqual([])
    expect(lines.add('B', record(1, ['b', 'a']), 2)).toEqual([
      'round   1  step    20  loss 2.500  spread 2.0e-3  sent  2.00 kB  A+B'
    ])
  })

  it('tells packs of a few bytes in bytes', () => {
    expect(new RoundLines(id => id).add('A', record(1, ['a'], { payloadBytesSent: 60 }), 1)[0]).toContain('sent     60 B')
  })

  it('does not wait for a peer that never tells', () => {
    const lines = new RoundLines(id => id.toUpperCase())
    lines.add('A', record(1, ['a']), 2)
    lines.add('A', record(2, ['a']), 2)
    const [first, ...rest] = lines.add('A', record(3, ['a']), 2)
    expect(first).toContain('round   1')
    expect(first).toContain('A nobody else is training')
    expect(rest).toEqual([])
    expect(lines.flush().map(line => line.slice(0, 9))).toEqual(['round   2', 'round   3'])
  })

  it('tells a round once, whatever comes late', () => {
    const lines = new RoundLines(id => id)
    expect(lines.add('A', record(5, ['a']), 1)).toHaveLength(1)
    expect(lines.add('B', record(4, ['b']), 1)).toEqual([])
    expect(lines.flush()).toEqual([])
  })
})
