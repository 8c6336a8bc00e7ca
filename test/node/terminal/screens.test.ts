import { describe, expect, it } from 'vitest'
import { statusScreen } from '../../../node/terminal/screens/status.ts'
import type { StatusView } from '../../../node/terminal/screens/status.ts'
import { swarmScreen } from '../../../node/terminal/screens/swarm.ts'
import type { SwarmSnapshot } from '../../../node/terminal/screens/swarm.ts'
import { createTheme } from '../../../node/terminal/theme.ts'

const plain = createTheme(false)

const snapshot: SwarmSnapshot = {
  title: 'quickstart · noloco · int8(64)', elapsedSeconds: 61, budgetSteps: 1000,
  peers: ['A', 'B'].map((name, index) => ({
    name, phase: 'training', step: 400 + index, loss: 2.5 + index / 10, tokensPerSecond: 5000, round: 20, bytesSent: 4.2e6, bytesReceived: 4.1e6, spread: 0.002,
    history: [100, 200, 300, 400].map(step => ({ step, loss: 5 - step / 200 }))
  })),
  recentLines: ['round  20  step   400  loss 2.550  A+B'],
  joinLine: 'npx shoal join shoal1abc'
}

describe('the live view of a swarm', () => {
  it('shows peers, curve, bytes and the line with which to join', () => {
    const lines = swarmScreen(snapshot, { columns: 80, rows: 24 }, plain)
    expect(lines.slice(0, 6)).toEqual([
      'quickstart · noloco · int8(64)   1 min 01 s   step 401 of 1 000, about 1 min 31 s left'.slice(0, 79) + '…',
      'loss 2.550   10 000 tokens/s   sent 8.40 MB   received 8.20 MB   apart 2.0e-3',
      '',
      'peer  step  round   loss  tokens/s     sent  received  now',
      'A      400     20  2.500     5 000  4.20 MB   4.10 MB  training',
      'B      401     20  2.600     5 000  4.20 MB   4.10 MB  training'
    ])
    expect(lines.at(-1)).toBe('one more peer: npx shoal join shoal1abc')
  })

  it('fits every terminal from 60×12 up', () => {
    for (const [columns, rows] of [[60, 12], [80, 24], [120, 40], [200, 60]] as const) {
      const lines = swarmScreen(snapshot, { columns, rows }, plain)
      expect(lines.length, `${columns}×${rows}`).toBeLessThan(rows)
      for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(columns)
    }
  })
})

describe('the status', () => {
  const record = { round: 20, step: 400, members: ['a', 'b'], outcome: 'averaged' as const, reason: 'averaged with b (2 of 2)', spread: null, loss: null, waitedMs: 0, payloadBytesSent: 0, payloadBytesReceived: 0 }
  const view: StatusView = {
    phase: 'training', sentence: 'training to step 420', run: { name: 'quickstart', id: 'ab'.repeat(32) }, step: 400, budgetSteps: 1000, round: 20,
    loss: 2.5, lossHistory: [5, 4, 3, 2.5], heldOut: null, yardstick: { bitsPerNat: 1.5, gzipBitsPerCharacter: 2.64 }, tokensPerSecond: 5000, peers: { present: 3, training: 2 },
    lastRound: record, bytes: { payloadSent: 1e6, payloadReceived: 1e6, wireSent: 1.1e6, wireReceived: 1.1e6, controlSent: 1e5, controlReceived: 1e5 },
    allReduceBytes: 1e8, uptimeSeconds: 61, reach: null
  }

  it('counts one other as one', () => {
    expect(statusScreen({ ...view, peers: { present: 1, training: 1 } }, plain)[4]).toMatch(/^ {2}peers 1 other here, 1 training/)
  })

  it('says what the peer does, and why', () => {
    expect(statusScreen(view, plain)).toEqual([
      '● training   run quickstart (abababababab)   step 400 of 1 000   round 20   up 1 min 01 s',
      '  training to step 420',
      '  loss 2.500   █▅▂▁   5 000 tokens/s',
      '  3.75 bits a character now   gzip 2.64',
      '  peers 3 others here, 2 training   last round: averaged with b (2 of 2)',
      '  sent 1.20 MB   received 1.20 MB   saved 99.0 MB against all-reduce every step (100× less)'
    ])
  })

  it('compares by what was measured on held-out text, and says when that beats gzip', () => {
    expect(statusScreen({ ...view, heldOut: { loss: 1.7, step: 390 } }, plain)[3]).toBe('  3.75 bits a character now   held out 2.55 bits a character at step 390   gzip 2.64: beaten')
    expect(statusScreen({ ...view, heldOut: { loss: 0.2, step: 390 }, yardstick: null }, plain)[3]).toBe('  held out loss 0.200 at step 390')
  })

  it('leaves out what is not known yet', () => {
    const lines = statusScreen({ ...view, phase: 'starting', loss: null, lossHistory: [], lastRound: null, allReduceBytes: 0, bytes: { ...view.bytes, payloadSent: 0 } }, plain)
    expect(lines).toEqual([
      expect.stringMatching(/^○ starting/), '  training to step 420', '  loss –   5 000 tokens/s', '  peers 3 others here, 2 training   no round yet', '  sent 1.20 MB   received 1.20 MB'
    ])
  })
})
