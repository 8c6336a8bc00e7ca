import type { Level } from 'level'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { z } from 'zod'
import type { Revocation } from '../../src/membership/revocation.ts'
import type { Standing } from '../../src/trust/standing.ts'
import { rejectionCodeSchema } from '../../protocols/wire/rejection.ts'
import type { StandingStore } from '../network/standings.ts'

const standingSchema = z.object({ points: z.number(), atMs: z.number(), bans: z.number(), bannedUntilMs: z.number(), code: rejectionCodeSchema, sentence: z.string() })
const revocationSchema = z.object({ issuer: z.string(), sequence: z.number(), revoked: z.array(z.string()), signature: z.string() })

/** What one peer of a run remembers of others' conduct, and what issuers took back. What cannot be read is left out. */
export class TrustStore implements StandingStore {
  readonly #level: Level<string, unknown>
  readonly #runId: string
  readonly #write: (operation: () => Promise<void>) => void

  /** @param write does one operation after the other */
  constructor (level: Level<string, unknown>, runId: string, write: (operation: () => Promise<void>) => void) {
    this.#level = level
    this.#runId = runId
    this.#write = write
  }

  async standings (): Promise<ReadonlyMap<string, Standing>> {
    const entries = await this.#all('standing')
    return new Map(entries.flatMap(([peerId, value]) => {
      const parsed = standingSchema.safeParse(value)
      return parsed.success ? [[peerId, parsed.data] as const] : []
    }))
  }

  keepStanding (peerId: string, standing: Standing | undefined): void {
    this.#write(async () => {
      const key = `${this.#runId}/standing/${peerId}`
      await (standing === undefined ? this.#level.del(key) : this.#level.put(key, standing))
    })
  }

  async revocations (): Promise<Revocation[]> {
    const entries = await this.#all('revocation')
    return entries.flatMap(([, value]) => {
      const parsed = revocationSchema.safeParse(value)
      return parsed.success && /^([0-9a-f]{2})+$/.test(parsed.data.signature) ? [{ ...parsed.data, signature: hexToBytes(parsed.data.signature) }] : []
    })
  }

  keepRevocation (revocation: Revocation): void {
    this.#write(async () => this.#level.put(`${this.#runId}/revocation/${revocation.issuer}`, { ...revocation, signature: bytesToHex(revocation.signature) }))
  }

  async #all (kind: string): Promise<ReadonlyArray<readonly [name: string, value: unknown]>> {
    const prefix = `${this.#runId}/${kind}/`
    const entries = await this.#level.iterator({ gt: prefix, lt: `${this.#runId}/${kind}0` }).all()
    return entries.map(([key, value]) => [key.slice(prefix.length), value])
  }
}
