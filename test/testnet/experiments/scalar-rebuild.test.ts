import { expect, it } from 'vitest'
import { crossoverBytes, measureRebuild } from '../../../testnet/experiments/scalar-rebuild.ts'

it('a joiner with an empty store rebuilds every bit of the weights from θ₀ and the entries that a member’s store holds', async ({ signal }) => {
  const figures = await measureRebuild({ parameters: 3001, peers: 3, steps: 160 }, signal)
  expect(figures.same).toEqual({ joined: true, stored: true, downloaded: true })
  // a signed entry of sixteen steps is 151 bytes, and thirty of them come in one conversation
  expect(figures.ledgerWireBytes).toBeGreaterThan(30 * 151)
  expect(figures.ledgerWireBytes).toBeLessThan(2 * 30 * 151)
  expect(figures.snapshotWireBytes).toBeGreaterThan(4 * 3001)
})

it('a snapshot is cheaper after as many bytes as take as long to fetch and replay', () => {
  const figures = { parameters: 1e6, peers: 8, steps: 512, window: 16, ledgerWireBytes: 10 * 4096, snapshotWireBytes: 4e6, passSecondsPerByte: 1e-3, verifySecondsPerByte: 1e-3, joinSeconds: 1, same: { joined: true, stored: true, downloaded: true } }
  // at 10 kB/s: 400 s for the snapshot, 3 ms a byte replayed
  expect(crossoverBytes(figures, 1e4)).toBeCloseTo(400 / 3e-3)
})
