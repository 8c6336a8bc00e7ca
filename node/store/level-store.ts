import { existsSync, readdirSync } from 'node:fs'
import { Level } from 'level'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { LedgerStore } from './ledger-store.ts'
import { TrustStore } from './trust-store.ts'
import type { RoundRecord, Store } from '../../src/ports.ts'

/** An evening's worth of rounds; older ones are in the log. */
const REMEMBERED_ROUNDS = 10_000
/** Enough to find a run again after months, few enough to dial them all. */
const REMEMBERED_PEERS = 64
/** Numbers as keys sort like numbers when they are equally long. */
const KEY_DIGITS = 12

/** What a peer remembers of one run between its lives: rounds, and where others were. Writes keep their order. */
export class LevelStore implements Store {
  readonly #level: Level<string, unknown>
  readonly #runId: string
  readonly #onFailure: (sentence: string) => void
  #writing: Promise<void> = Promise.resolve()

  private constructor (level: Level<string, unknown>, runId: string, onFailure: (sentence: string) => void) {
    this.#level = level
    this.#runId = runId
    this.#onFailure = onFailure
  }

  /**
   * Opens the store; nothing in it is changed or removed when that fails.
   *
   * @param onFailure told in a sentence of a write that failed, a full disk for instance; the peer goes on
   * @throws ShoalError STORE_CORRUPT, DATA_DIRECTORY_LOCKED
   */
  static async open (path: string, runId: string, onFailure: (sentence: string) => void): Promise<LevelStore> {
    try {
      // Before Level knows of it: it opens by itself as soon as it is made.
      refuseToRepair(path)
      const level = new Level<string, unknown>(path, { valueEncoding: 'json' })
      await level.open()
      return new LevelStore(level, runId, onFailure)
    } catch (cause) {
      throw openingError(path, cause)
    }
  }

  /** Keeps a round. One that trains alone under a count that stands does not displace the round that was averaged under it. */
  recordRound (record: RoundRecord): void {
    this.#write(async () => {
      const key = this.#key('round', record.round)
      const before = await this.#level.get(key) as RoundRecord | undefined
      if (before?.outcome === 'averaged' && record.outcome === 'solo' && record.step > before.step) return
      await this.#level.put(key, record)
      if (record.round > REMEMBERED_ROUNDS) await this.#level.del(this.#key('round', record.round - REMEMBERED_ROUNDS))
    })
  }

  /** The newest rounds, newest last. */
  async rounds (limit: number): Promise<RoundRecord[]> {
    await this.#writing
    const values = await this.#level.values({ gt: `${this.#runId}/round/`, lt: `${this.#runId}/round0`, reverse: true, limit }).all()
    return (values as RoundRecord[]).reverse()
  }

  /** The first rounds after one of this number, oldest first. */
  async roundsAfter (round: number, limit: number): Promise<RoundRecord[]> {
    await this.#writing
    const values = await this.#level.values({ gt: this.#key('round', round), lt: `${this.#runId}/round0`, limit }).all()
    return values as RoundRecord[]
  }

  /** Keeps where a member listens, for the next start. */
  rememberPeer (peerId: string, addresses: readonly string[]): void {
    if (addresses.length > 0) this.#write(async () => this.#level.put(`${this.#runId}/peer/${peerId}`, addresses))
  }

  /** Addresses of members of earlier days. */
  async rememberedAddresses (): Promise<string[]> {
    await this.#writing
    const values = await this.#level.values({ gt: `${this.#runId}/peer/`, lt: `${this.#runId}/peer0`, limit: REMEMBERED_PEERS }).all()
    return (values).flat().filter((address): address is string => typeof address === 'string')
  }

  /** The run's ledger, for methods that have one. @param folder where the weights of its snapshots lie */
  ledger (folder: string): LedgerStore {
    return new LedgerStore(this.#level, this.#runId, folder)
  }

  /** How others behaved, and what issuers took back. */
  trust (): TrustStore {
    return new TrustStore(this.#level, this.#runId, operation => { this.#write(operation) })
  }

  /** Flushes and closes. Idempotent. */
  async close (): Promise<void> {
    await this.#writing
    await this.#level.close()
  }

  /** Appends to the queue; its length is bounded by the rounds and peers that there are. */
  #write (operation: () => Promise<void>): void {
    this.#writing = this.#writing.then(operation).catch((error: unknown) => { this.#onFailure(`the store could not be written: ${reasonOf(error)}`) })
  }

  #key (kind: string, number: number): string {
    return `${this.#runId}/${kind}/${String(number).padStart(KEY_DIGITS, '0')}`
  }
}

/** Addresses of peers of any run of a data directory; none where there is no store, or another process has it. */
export async function rememberedAnywhere (path: string): Promise<string[]> {
  if (!existsSync(path)) return []
  try {
    refuseToRepair(path)
    const level = new Level<string, unknown>(path, { valueEncoding: 'json', createIfMissing: false })
    try {
      const entries = await level.iterator().all()
      const addresses = entries.filter(([key]) => PEER_KEY.test(key)).flatMap(([, value]) => value)
      return addresses.filter((address): address is string => typeof address === 'string').slice(0, REMEMBERED_PEERS)
    } finally {
      await level.close()
    }
  } catch {
    return []
  }
}

/** Of what `rememberPeer` writes. */
const PEER_KEY = /^[0-9a-f]{64}\/peer\//

/** Without its CURRENT file LevelDB takes a store for a new one and clears away what it finds. */
function refuseToRepair (path: string): void {
  const files = existsSync(path) ? readdirSync(path) : []
  const hasData = files.some(name => name.startsWith('MANIFEST-') || name.endsWith('.ldb'))
  if (hasData && !files.includes('CURRENT')) throw new Error('its file CURRENT is missing')
}

function openingError (path: string, cause: unknown): ShoalError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  if ((inner as { code?: string }).code === 'LEVEL_LOCKED') {
    return new ShoalError({
      code: 'DATA_DIRECTORY_LOCKED', what: 'the store is in use', why: `another process has ${path} open`,
      tryThis: 'shoal stop ends that peer; --data-dir starts another one beside it', cause
    })
  }
  return new ShoalError({
    code: 'STORE_CORRUPT',
    what: `the store ${path} cannot be opened`,
    why: reasonOf(inner),
    tryThis: 'mend its permissions, or move that folder away: checkpoints and identity are elsewhere and stay; only remembered rounds and peers are lost',
    cause
  })
}
