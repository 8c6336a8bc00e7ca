import { createHash } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MAXIMUM_OFFERS } from '../../protocols/wire/limits.ts'
import type { ServedFile } from '../../protocols/files/handler.ts'
import type { SignedOffer } from '../../protocols/snapshots/messages.ts'
import { signOffer } from '../../protocols/snapshots/offers.ts'
import type { OfferTerms } from '../../protocols/snapshots/offers.ts'
import { bytesToWeights, weightsToBytes } from '../../protocols/state/messages.ts'
import type { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import { forgettable, HELD_MS, isFetched } from '../../src/transfer/kept-snapshots.ts'
import { opinionOnPart } from '../../src/transfer/own-opinion.ts'
import type { AttestAnswer, AttestQuestion } from '../../src/transfer/transfer-ports.ts'
import type { SnapshotService } from '../network/snapshot-links.ts'

/** Chunks hashed or read before others have their turn: some 5 ms. */
const CHUNKS_AT_ONCE = 64

export interface PublishedOptions {
  readonly folder: string
  readonly plan: ChunkPlan
  readonly terms: OfferTerms
  readonly secretKey: Uint8Array
  /** What this peer expects replicas to be apart. */
  readonly expected: () => number | undefined
  readonly nowMs: () => number
}

/** A replica at the end of a round. */
export interface Replica {
  readonly round: number
  readonly step: number
  readonly tokens: number
  /** Weights, and momentum where the method has any; given away. */
  readonly vectors: readonly Float32Array[]
}

interface Published {
  readonly offer: SignedOffer
  readonly data: string
  readonly list: string
  readonly hashes: Uint8Array
  readonly path: string
  heldUntilMs: number
}

/** The snapshots that this peer holds for joiners: files on disk, so that memory has no copies, and their hash lists. */
export class PublishedSnapshots implements SnapshotService {
  readonly #options: PublishedOptions
  /** By round, the newest last. */
  readonly #held = new Map<number, Published>()

  constructor (options: PublishedOptions) { this.#options = options }

  /** Writes, hashes and signs a replica, in place of an older one of the same round unless somebody fetches that. @throws the file system's error, for instance when the disk is full */
  async publish ({ round, step, tokens, vectors }: Replica): Promise<void> {
    const { folder, plan, terms, secretKey, nowMs } = this.#options
    if (isFetched(this.#held.get(round), nowMs())) return
    if (this.#held.size === 0) await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, `${round}.snapshot`)
    try {
      const { data, hashes } = await writeHashed(path, plan, vectors.map(vector => weightsToBytes(vector)))
      const list = createHash('sha256').update(hashes).digest('hex')
      const offer = signOffer({ round, step, tokens, values: plan.values, vectors: plan.vectors, data, list }, terms, secretKey)
      this.#held.delete(round)
      this.#held.set(round, { offer, data, list, hashes, path, heldUntilMs: 0 })
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
    await this.#makeRoom()
  }

  offers (hold: number | undefined): readonly SignedOffer[] {
    this.#hold(hold === undefined ? undefined : this.#held.get(hold))
    return [...this.#held.values()].map(({ offer }) => offer)
  }

  async open (sha256: string): Promise<ServedFile | undefined> {
    const found = [...this.#held.values()].find(({ data, list }) => data === sha256 || list === sha256)
    if (found === undefined) return undefined
    this.#hold(found)
    if (found.list === sha256) return inMemory(found.hashes)
    const file = await open(found.path, 'r')
    return {
      bytes: this.#options.plan.bytes,
      read: async (offset, length) => {
        const part = new Uint8Array(length)
        const { bytesRead } = await file.read(part, 0, length, offset)
        this.#hold(found)
        return part.subarray(0, bytesRead)
      },
      close: async () => file.close()
    }
  }

  async opinion ({ round, seed, parts }: AttestQuestion, signal: AbortSignal): Promise<readonly AttestAnswer[] | undefined> {
    const { plan, expected } = this.#options
    const own = this.#held.get(round)
    if (own === undefined) return undefined
    this.#hold(own)
    const file = await open(own.path, 'r')
    const read = async (chunk: number): Promise<Float32Array> => {
      signal.throwIfAborted()
      const { offset, bytes } = plan.place(chunk)
      const part = new Uint8Array(bytes)
      await file.read(part, 0, bytes, offset)
      return bytesToWeights(part)
    }
    try {
      const answers: AttestAnswer[] = []
      for (const part of parts) answers.push(await opinionOnPart(plan, seed, part, read, expected()))
      return answers
    } finally {
      await file.close()
    }
  }

  #hold (held: Published | undefined): void {
    if (held !== undefined) held.heldUntilMs = this.#options.nowMs() + HELD_MS
  }

  async #makeRoom (): Promise<void> {
    for (const round of forgettable(this.#held, this.#options.nowMs(), MAXIMUM_OFFERS)) {
      const path = this.#held.get(round)?.path
      this.#held.delete(round)
      if (path !== undefined) await rm(path, { force: true })
    }
  }
}

function inMemory (bytes: Uint8Array): ServedFile {
  return { bytes: bytes.length, read: async (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)), close: async () => Promise.resolve() }
}

async function writeHashed (path: string, plan: ChunkPlan, vectors: readonly Uint8Array[]): Promise<{ readonly data: string, readonly hashes: Uint8Array }> {
  const whole = createHash('sha256')
  const hashes = new Uint8Array(32 * plan.chunks)
  const file = await open(path, 'w', 0o600)
  try {
    for (let chunk = 0; chunk < plan.chunks; chunk += CHUNKS_AT_ONCE) {
      const block: Uint8Array[] = []
      for (let index = chunk; index < Math.min(plan.chunks, chunk + CHUNKS_AT_ONCE); index++) {
        const { vector, from, bytes } = plan.place(index)
        const part = (vectors[vector] as Uint8Array).subarray(4 * from, 4 * from + bytes)
        whole.update(part)
        hashes.set(createHash('sha256').update(part).digest(), 32 * index)
        block.push(part)
      }
      // Not writev: on a full disk it writes a part, and says nothing.
      await file.writeFile(Buffer.concat(block))
    }
  } finally {
    await file.close()
  }
  return { data: whole.digest('hex'), hashes }
}
