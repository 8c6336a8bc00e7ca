import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { PublishedSnapshots } from '../../../node/snapshots/published-snapshots.ts'
import { SnapshotTaker } from '../../../node/snapshots/snapshot-taker.ts'
import { noTotals } from '../../../src/averaging/averaging-state.ts'
import { ChunkPlan } from '../../../src/transfer/chunk-plan.ts'
import { ExpectedSpread } from '../../../src/transfer/expected-spread.ts'

const plan = new ChunkPlan(10_000, 1)
/** Room for one snapshot of 40 kB, and not for two. */
const DISK = 'size=64k'

function tinyDisk (path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const canMount = await (async () => {
  const path = await mkdtemp(join(tmpdir(), 'shoal-mount-'))
  const could = tinyDisk(path)
  if (could) execFileSync('umount', [path])
  await rm(path, { recursive: true, force: true })
  return could
})()

describe('snapshots on a full disk', () => {
  it.skipIf(!canMount)(`cost a warning, and the ones that are there stay${canMount ? '' : ' (skipped: no right to mount a small disk)'}`, async () => {
    const path = await mkdtemp(join(tmpdir(), 'shoal-full-'))
    tinyDisk(path)
    try {
      const warnings: string[] = []
      const published = new PublishedSnapshots({ folder: join(path, 'snapshots'), plan, terms: { runId: 'run', layoutHash: 'layout' }, secretKey: ed25519.utils.randomSecretKey(), expected: () => 1, nowMs: () => 0 })
      let round = 1
      const taker = new SnapshotTaker({
        published, spread: new ExpectedSpread(), bytes: plan.bytes, tokens: () => 1, warn: sentence => warnings.push(sentence), nowMs: () => 0,
        exportState: async () => Promise.resolve({ slow: new Float32Array(10_000).fill(round), momentum: new Float32Array(), round, syncedStep: round, stretchTokens: [0], totals: noTotals })
      })
      for (; round <= 3; round++) await taker.take(round)
      expect(published.offers(undefined)).toHaveLength(1)
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain('ENOSPC')
      expect(await published.opinion({ round: 1, seed: 1, parts: [] }, new AbortController().signal)).toEqual([])
    } finally {
      execFileSync('umount', [path])
      await rm(path, { recursive: true, force: true })
    }
  })
})
