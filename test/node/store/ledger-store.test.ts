import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@noble/hashes/utils.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LedgerStore } from '../../../node/store/ledger-store.ts'
import { LevelStore } from '../../../node/store/level-store.ts'
import type { Entry } from '../../../src/spsa/ledger-entry.ts'
import { encodeEntry, hashEntry } from '../../../src/spsa/ledger-entry.ts'
import { Ledger, RUN_START } from '../../../src/spsa/ledger.ts'
import { Author, rules, verify } from '../../src/spsa/authors.ts'

const [ann, bob] = [new Author(0), new Author(1)]
const entries = [...ann.chain(8), ...bob.chain(6)]
const weights = (seed: number): Float32Array => Float32Array.from({ length: 5 }, (_, index) => seed + index / 8)

let root: string
let level: LevelStore
let store: LedgerStore

const open = async (): Promise<void> => {
  level = await LevelStore.open(join(root, 'store'), 'run', sentence => { throw new Error(sentence) })
  store = level.ledger(join(root, 'ledger'))
}
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'shoal-ledger-'))
  await open()
})
afterEach(async () => {
  await level.close()
  rmSync(root, { recursive: true, force: true })
})

/** A peer's ledger and its store, both having taken in everything. */
async function filled (): Promise<Ledger> {
  const ledger = new Ledger(rules, verify)
  for (const entry of entries) {
    ledger.admit(entry)
    await store.append(entry, true)
  }
  return ledger
}

async function compact (ledger: Ledger, step: number): Promise<void> {
  const [snapshot, held] = [ledger.snapshotAt(step), ledger.sealed]
  const forgotten = ledger.compact(snapshot, held)
  await store.compact({ ...snapshot, limit: 7, weights: weights(step) }, held, forgotten)
}

/** Entries by their bytes, each peer's in order. */
const written = (some: readonly Entry[]): string[] => some.map(entry => `${entry.peer} ${entry.index} ${bytesToHex(encodeEntry(entry))}`).sort()

describe('the ledger of a run, as it is kept', () => {
  it('comes back as it was, and another run has none of it', async () => {
    await filled()
    await store.recordModel({ fingerprint: '11'.repeat(32), modelHash: '22'.repeat(32) })
    await level.close()
    await open()
    const loaded = await store.load()
    expect(written(loaded.entries)).toEqual(written(entries))
    expect(loaded).toMatchObject({ snapshot: undefined, held: undefined, model: { fingerprint: '11'.repeat(32), modelHash: '22'.repeat(32) }, damage: [] })
    await level.close()
    level = await LevelStore.open(join(root, 'store'), 'other', () => undefined)
    store = level.ledger(join(root, 'ledger'))
    expect((await store.load()).entries).toEqual([])
  })

  it('tells of entries that are missing at a chain’s end, and of what is none', async () => {
    await filled()
    await store.cut(bob.peer, entries.slice(-1), [])
    expect((await store.load()).damage).toEqual([])
    await store.append(entries.at(-1)!, true)
    await level.close()
    const { Level } = await import('level')
    const raw = new Level<string, unknown>(join(root, 'store'), { valueEncoding: 'json' })
    const keys = await raw.keys({ gt: `run/ledger/entry/${ann.peer}`, lt: `run/ledger/entry/${ann.peer}0` }).all()
    await raw.del(keys.at(-1)!)
    await raw.put(keys[0]!, Uint8Array.of(1, 2, 3), { valueEncoding: 'view' })
    await raw.close()
    await open()
    const { damage } = await store.load()
    expect(damage).toHaveLength(2)
    expect(damage[0]).toMatch(/is no entry$/)
    expect(damage[1]).toBe(`peer ${ann.peer.slice(0, 8)} had 8 entries here and has 7`)
  })

  it('keeps the proof of a fork in the place of what it takes back', async () => {
    const ledger = await filled()
    const fork = ann.entry({ next: 4, hash: hashEntry(entries[3]!) }, 16, [9])
    const verdict = ledger.admit(fork)
    await store.cut(ann.peer, verdict.kind === 'refused' ? verdict.withdrawn : [], ledger.proofOf(ann.peer))
    const again = new Ledger(rules, verify)
    const { entries: kept, damage } = await store.load()
    for (const entry of kept) again.admit(entry)
    expect(again.heads()).toEqual(ledger.heads())
    expect(again.headOf(ann.peer)).toMatchObject({ next: 4, cut: true })
    expect(damage).toEqual([])
  })
})

describe('a snapshot in the store', () => {
  it('stands for the epoch before the last one, whose entries stay until the next', async () => {
    const ledger = await filled()
    await compact(ledger, 8)
    expect(await store.load()).toMatchObject({ snapshot: { step: 8, limit: 7 }, held: undefined, damage: [] })
    expect((await store.load()).entries).toHaveLength(entries.length)
    await compact(ledger, 16)
    const { snapshot, held, entries: kept, damage } = await store.load()
    expect(damage).toEqual([])
    expect([held!.step, snapshot!.step]).toEqual([8, 16])
    expect([held!.weights(), snapshot!.weights]).toEqual([weights(8), weights(16)])
    expect(await store.newest()).toEqual({ step: 16, weights: weights(16) })
    expect(written(kept)).toEqual(written(entries.filter(({ firstStep }) => firstStep >= 8)))
    const again = new Ledger(rules, verify, held)
    for (const entry of kept) expect(again.admit(entry)).toEqual({ kind: 'admitted', isLate: false })
    again.compact(snapshot!, held)
    expect(again.heads()).toEqual(ledger.heads())
    await compact(ledger, 24)
    expect(readdirSync(join(root, 'ledger')).sort()).toEqual(['ledger-000000000016.f32', 'ledger-000000000024.f32'])
  })

  it('that others took leaves only what follows it', async () => {
    const ledger = await filled()
    const snapshot = ledger.snapshotAt(16)
    await store.adopt({ ...snapshot, limit: 9, weights: weights(1) }, entries.filter(({ firstStep }) => firstStep >= 16))
    const loaded = await store.load()
    expect(loaded).toMatchObject({ snapshot: { step: 16, limit: 9, heads: snapshot.heads }, held: { step: 16 }, damage: [] })
    expect(written(loaded.entries)).toEqual(written(entries.filter(({ firstStep }) => firstStep >= 16)))
  })

  it('whose weights are gone is told of, and does not count', async () => {
    const ledger = await filled()
    await compact(ledger, 8)
    rmSync(join(root, 'ledger'), { recursive: true })
    const { snapshot, damage } = await store.load()
    expect(snapshot).toBeUndefined()
    expect(damage[0]).toMatch(/^the weights of the snapshot at step 8 are missing/)
  })

  it('at the start of a run is held from the start', async () => {
    await store.compact({ ...RUN_START, limit: 3, weights: weights(0) }, RUN_START, [])
    expect(await store.load()).toMatchObject({ snapshot: { step: 0, limit: 3 }, held: { step: 0 }, entries: [], damage: [] })
  })
})
