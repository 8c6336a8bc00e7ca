import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Level } from 'level'
import { z } from 'zod'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Head } from '../../src/spsa/chain.ts'
import { decodeEntry, encodeEntry, hashEntry } from '../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { Snapshot } from '../../src/spsa/ledger.ts'
import { bytesToWeights, weightsToBytes } from '../../protocols/state/messages.ts'
import { writeFileAtomically } from './atomic-file.ts'

/** Numbers as keys sort like numbers when they are equally long. */
const KEY_DIGITS = 10
const SNAPSHOT_NAME = /^ledger-\d{12}\.f32$/
/** Weights that were imported, of a run that goes on from them throughout. */
const GENESIS_NAME = 'genesis.f32'

interface KeptSnapshot extends Snapshot {
  /** The clipping limit of the window that begins there. */
  readonly limit: number
  /** Of a seed pool, in place of weights. */
  readonly sums?: Int32Array | undefined
}

/** The weights before `step` and who had sent what by then: all earlier entries are forgotten. */
export interface StoredSnapshot extends KeptSnapshot {
  /** Undefined where sums stand in their place. */
  readonly weights: Float32Array | undefined
}

/** The snapshot after which entries are held, whose weights are read only where somebody proves what follows. */
export interface HeldSnapshot extends KeptSnapshot {
  readonly weights: () => Float32Array | undefined
}

/** The weights of a set of entries, as this peer computed them. */
export interface ModelRecord {
  /** Of all heads. */
  readonly fingerprint: string
  readonly modelHash: string
}

export interface LoadedLedger {
  /** Weights that were imported, where all packs start from those. */
  readonly genesis: Float32Array | undefined
  /** The newest one. */
  readonly snapshot: StoredSnapshot | undefined
  /** Undefined where entries are held from the run's start on. */
  readonly held: HeldSnapshot | undefined
  /** Peer by peer in the order of their chains, then what proves that a peer contradicted itself. */
  readonly entries: readonly Entry[]
  readonly model: ModelRecord | undefined
  /** What lies in the store and is no entry, or is missing at a chain's end, in sentences. */
  readonly damage: readonly string[]
}

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const headSchema = z.object({ peer: hex, next: z.int().min(0), hash: hex, cut: z.boolean() })
const snapshotSchema = z.object({ step: z.int().min(0), limit: z.int().min(0), heads: z.array(headSchema), sums: z.array(z.int()).optional() })

/** A snapshot without its weights, hashes in hex. */
export type SnapshotRecord = z.infer<typeof snapshotSchema>
const modelSchema = z.object({ fingerprint: hex, modelHash: hex })
/** How far a chain went when its last entry was written. */
const reachSchema = z.object({ next: z.int().min(0), hash: hex })

/** One run's ledger in the peer's store: an entry a key, so that a pack costs one small write. */
export class LedgerStore {
  readonly #level: Level<string, unknown>
  readonly #prefix: string
  readonly #folder: string

  /** @param folder where snapshots' weights lie */
  constructor (level: Level<string, unknown>, runId: string, folder: string) {
    this.#level = level
    this.#prefix = `${runId}/ledger`
    this.#folder = folder
  }

  /** Keeps an entry. @param durable whether it is to outlive a power cut once this resolves: others' come again */
  async append (entry: Entry, durable: boolean): Promise<void> {
    await this.#level.batch<string, unknown>([
      { type: 'put', key: this.#keyOf(entry), value: encodeEntry(entry), valueEncoding: 'view' },
      { type: 'put', key: `${this.#prefix}/reach/${entry.peer}`, value: { next: entry.index + 1, hash: bytesToHex(hashEntry(entry)) } }
    ], { sync: durable })
  }

  /** Forgets what a peer took back by contradicting itself, and keeps what proves it. */
  async cut (peer: string, withdrawn: readonly Entry[], proof: readonly Entry[]): Promise<void> {
    await this.#level.batch<string, unknown>([
      ...withdrawn.map(entry => ({ type: 'del' as const, key: this.#keyOf(entry) })),
      ...proof.map((entry, at) => ({ type: 'put' as const, key: `${this.#prefix}/proof/${peer}/${at}`, value: encodeEntry(entry), valueEncoding: 'view' })),
      { type: 'del' as const, key: `${this.#prefix}/reach/${peer}` }
    ], { sync: true })
  }

  /** Keeps the hash of the weights that the entries held now make. */
  async recordModel (record: ModelRecord): Promise<void> {
    await this.#level.put(`${this.#prefix}/model`, record)
  }

  /** Keeps the weights that the run starts from, for as long as it goes on from them. */
  async keepGenesis (weights: Float32Array): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    await writeFileAtomically(join(this.#folder, GENESIS_NAME), [weightsToBytes(weights.slice())])
  }

  /**
   * Lets a snapshot stand for the entries before its step: first its weights are safe, then the entries go.
   *
   * @param held the snapshot after which entries stay: this one, or the one before
   */
  async compact (snapshot: StoredSnapshot, held: Snapshot, forgotten: readonly Entry[]): Promise<void> {
    const record = recordOf(snapshot)
    const before = await this.#record('snapshot')
    const heldRecord = held.step === snapshot.step ? record : before?.step === held.step ? before : undefined
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    if (snapshot.weights !== undefined) await writeFileAtomically(join(this.#folder, snapshotName(snapshot.step)), [weightsToBytes(snapshot.weights)])
    await this.#level.batch<string, unknown>([
      { type: 'put', key: `${this.#prefix}/snapshot`, value: record },
      heldRecord === undefined ? { type: 'del', key: `${this.#prefix}/held` } : { type: 'put', key: `${this.#prefix}/held`, value: heldRecord },
      ...forgotten.map(entry => ({ type: 'del' as const, key: this.#keyOf(entry) }))
    ], { sync: true })
    const names = [snapshot, held].map(({ step }) => snapshotName(step))
    for (const other of readdirSync(this.#folder)) if (SNAPSHOT_NAME.test(other) && !names.includes(other)) rmSync(join(this.#folder, other), { force: true })
  }

  /** Goes on from somebody else's snapshot: of the entries that are kept, only `entries` stay. */
  async adopt (snapshot: StoredSnapshot, entries: readonly Entry[]): Promise<void> {
    const staying = new Set(entries.map(entry => this.#keyOf(entry)))
    const gone: string[] = []
    for await (const key of this.#level.keys({ gt: `${this.#prefix}/entry/`, lt: `${this.#prefix}/entry0` })) if (!staying.has(key)) gone.push(key)
    await this.compact(snapshot, snapshot, [])
    await this.#level.batch<string, unknown>(gone.map(key => ({ type: 'del' as const, key })), { sync: true })
  }

  /** What is known of the snapshots, without their weights. */
  async snapshots (): Promise<{ readonly snapshot: SnapshotRecord | undefined, readonly held: SnapshotRecord | undefined }> {
    return { snapshot: await this.#record('snapshot'), held: await this.#record('held') }
  }

  /** The newest snapshot's step and weights, or the run's first ones, for whoever joins. */
  async newest (): Promise<{ readonly step: number, readonly weights: Float32Array } | undefined> {
    const record = await this.#record('snapshot')
    const weights = record === undefined ? undefined : this.#weights(record)
    const genesis = weights ?? storedGenesis(this.#folder)
    return genesis === undefined ? undefined : { step: weights === undefined ? 0 : record?.step ?? 0, weights: genesis }
  }

  /** Everything that is kept; what cannot be read is told of and left out. */
  async load (): Promise<LoadedLedger> {
    const damage: string[] = []
    const [entries, proofs] = [await this.#read('entry', damage), await this.#read('proof', damage)]
    const snapshot = await this.#snapshot(damage)
    const held = await this.#record('held')
    damage.push(...await this.#missing(entries, snapshot?.heads ?? []))
    return {
      genesis: storedGenesis(this.#folder), snapshot, held: held === undefined ? undefined : { ...snapshotOf(held), weights: () => this.#weights(held) },
      entries: [...entries, ...proofs], model: modelSchema.safeParse(await this.#level.get(`${this.#prefix}/model`)).data, damage
    }
  }

  async #read (kind: 'entry' | 'proof', damage: string[]): Promise<Entry[]> {
    const entries: Entry[] = []
    const from = `${this.#prefix}/${kind}/`
    for await (const [key, bytes] of this.#level.iterator<string, Uint8Array>({ gt: from, lt: `${this.#prefix}/${kind}0`, valueEncoding: 'view' })) {
      const entry = decodeEntry(bytes)
      if (entry === undefined) damage.push(`what lies under ${key.slice(this.#prefix.length + 1)} is no entry`)
      else entries.push(entry)
    }
    return entries
  }

  async #record (kind: 'snapshot' | 'held'): Promise<SnapshotRecord | undefined> {
    return snapshotSchema.safeParse(await this.#level.get(`${this.#prefix}/${kind}`)).data
  }

  #weights (record: SnapshotRecord): Float32Array | undefined {
    return snapshotWeights(this.#folder, record)
  }

  async #snapshot (damage: string[]): Promise<StoredSnapshot | undefined> {
    const record = await this.#record('snapshot')
    if (record === undefined) return undefined
    const file = join(this.#folder, snapshotName(record.step))
    if (record.sums !== undefined || existsSync(file)) return { ...snapshotOf(record), weights: this.#weights(record) }
    damage.push(`the weights of the snapshot at step ${record.step} are missing: ${file}`)
    return undefined
  }

  async #missing (entries: readonly Entry[], heads: readonly Head[]): Promise<string[]> {
    const last = new Map(entries.map(entry => [entry.peer, entry.index + 1]))
    const sentences: string[] = []
    const from = `${this.#prefix}/reach/`
    for await (const [key, value] of this.#level.iterator({ gt: from, lt: `${this.#prefix}/reach0` })) {
      const peer = key.slice(from.length)
      const { data } = reachSchema.safeParse(value)
      const held = last.get(peer) ?? heads.find(head => head.peer === peer)?.next ?? 0
      if (data !== undefined && data.next > held) sentences.push(`peer ${peer.slice(0, 8)} had ${data.next} entries here and has ${held}`)
    }
    return sentences
  }

  #keyOf ({ peer, index }: Entry): string {
    return `${this.#prefix}/entry/${peer}/${String(index).padStart(KEY_DIGITS, '0')}`
  }
}

function recordOf ({ step, limit, heads, sums }: StoredSnapshot): SnapshotRecord {
  return { step, limit, heads: heads.map(head => ({ ...head, hash: bytesToHex(head.hash) })), ...sums === undefined ? {} : { sums: [...sums] } }
}

export function snapshotOf ({ step, limit, heads, sums }: SnapshotRecord): KeptSnapshot {
  return { step, limit, heads: heads.map(head => ({ ...head, hash: hexToBytes(head.hash) })), sums: sums === undefined ? undefined : Int32Array.from(sums) }
}

/** The weights of a snapshot as they lie in its folder; undefined where sums stand in their place. @throws Error where they do not lie there */
export function snapshotWeights (folder: string, { step, sums }: Pick<SnapshotRecord, 'step' | 'sums'>): Float32Array | undefined {
  return sums === undefined ? weightsIn(join(folder, snapshotName(step))) : undefined
}

/** The weights that a run of sums starts from, where they were imported. */
export function storedGenesis (folder: string): Float32Array | undefined {
  const file = join(folder, GENESIS_NAME)
  return existsSync(file) ? weightsIn(file) : undefined
}

function weightsIn (file: string): Float32Array {
  return bytesToWeights(Uint8Array.from(readFileSync(file)))
}

function snapshotName (step: number): string {
  return `ledger-${String(step).padStart(12, '0')}.f32`
}
