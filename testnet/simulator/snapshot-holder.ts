import { createHash } from 'node:crypto'
import { ChunkPlan } from '../../src/transfer/chunk-plan.ts'
import { opinionOnPart } from '../../src/transfer/own-opinion.ts'
import type { AttestAnswer, AttestQuestion, SnapshotOffer } from '../../src/transfer/transfer-ports.ts'

/** A replica that a simulated member holds for joiners, in memory. */
export interface HeldReplica {
  readonly round: number
  readonly step: number
  readonly vectors: readonly Float32Array[]
}

/** How a member departs from what it should do. */
export interface Lies {
  /** Gives other bytes than those that it signed. */
  readonly chunks?: boolean
  /** Finds everything outside of what it expects. */
  readonly opinions?: boolean
}

/** What one member answers to joiners. */
export class SnapshotHolder {
  readonly plan: ChunkPlan
  readonly offer: SnapshotOffer
  readonly data: Uint8Array
  readonly #list: Uint8Array
  readonly #vectors: readonly Float32Array[]
  readonly #expected: () => number | undefined
  readonly #lies: Lies

  constructor (signer: string, { round, step, vectors }: HeldReplica, expected: () => number | undefined, lies: Lies = {}, plan = new ChunkPlan(vectors[0]?.length ?? 0, vectors.length)) {
    const { values } = plan
    this.plan = plan
    this.#vectors = vectors
    this.#expected = expected
    this.#lies = lies
    this.data = littleEndian(vectors)
    this.#list = new Uint8Array(32 * this.plan.chunks)
    for (let chunk = 0; chunk < this.plan.chunks; chunk++) {
      const { offset, bytes } = this.plan.place(chunk)
      this.#list.set(createHash('sha256').update(this.data.subarray(offset, offset + bytes)).digest(), 32 * chunk)
    }
    this.offer = { signer, round, step, tokens: step, values, vectors: vectors.length, data: hashOf(this.data), list: hashOf(this.#list) }
  }

  /** @throws Error for a file that it does not hold */
  part (file: string, offset: number, length: number): Uint8Array {
    if (file === this.offer.list) return this.#list.slice(offset, offset + length)
    if (file !== this.offer.data) throw new Error('there is no such file')
    const part = this.data.slice(offset, offset + length)
    if (this.#lies.chunks === true) part[0] = ~(part[0] as number)
    return part
  }

  /** @throws Error for a round that it does not hold */
  async opinion ({ round, seed, parts }: AttestQuestion): Promise<readonly AttestAnswer[]> {
    if (round !== this.offer.round) throw new Error(`there is no snapshot of round ${round}`)
    if (this.#lies.opinions === true) return parts.map(() => ({ distance: 1e6, expected: 1e-3 }))
    const read = async (chunk: number): Promise<Float32Array> => {
      const { vector, from, values } = this.plan.place(chunk)
      return Promise.resolve((this.#vectors[vector] as Float32Array).subarray(from, from + values))
    }
    return Promise.all(parts.map(async part => opinionOnPart(this.plan, seed, part, read, this.#expected())))
  }
}

export function hashOf (bytes: Uint8Array): string { return createHash('sha256').update(bytes).digest('hex') }

function littleEndian (vectors: readonly Float32Array[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * vectors.reduce((sum, { length }) => sum + length, 0)))
  let at = 0
  for (const vector of vectors) for (const value of vector) { view.setFloat32(at, value, true); at += 4 }
  return new Uint8Array(view.buffer)
}
