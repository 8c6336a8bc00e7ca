import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { signEntry } from '../../../src/spsa/ledger-entry.ts'
import type { Entry, Verify } from '../../../src/spsa/ledger-entry.ts'
import type { Head } from '../../../src/spsa/chain.ts'
import { emptyHead } from '../../../src/spsa/chain.ts'
import { hashEntry } from '../../../src/spsa/ledger-entry.ts'
import type { LedgerRules } from '../../../src/spsa/ledger.ts'

export const RUN = 'run-1'
export const verify: Verify = (signature, message, key) => {
  try {
    return ed25519.verify(signature, message, key)
  } catch {
    return false
  }
}

/** Somebody who writes a chain, honestly or not. */
export class Author {
  readonly secretKey: Uint8Array
  readonly peer: string

  constructor (number: number) {
    this.secretKey = new Uint8Array(32).fill(number + 1)
    this.peer = bytesToHex(ed25519.getPublicKey(this.secretKey))
  }

  entry (head: Pick<Head, 'next' | 'hash'>, firstStep: number, levels: readonly number[], { runId = RUN, pool }: { runId?: string, pool?: readonly number[] } = {}): Entry {
    const draft = { peer: this.peer, index: head.next, firstStep, levels: Int8Array.from(levels), pool: pool && Uint16Array.from(pool), previous: head.hash }
    return signEntry(draft, runId, message => ed25519.sign(message, this.secretKey))
  }

  /** `count` entries of four steps each. */
  chain (count: number, salt = 0): Entry[] {
    const entries: Entry[] = []
    let head: Pick<Head, 'next' | 'hash'> = emptyHead(this.peer)
    for (let index = 0; index < count; index++) {
      const entry = this.entry(head, index * 4, [1, 2, salt, index % 100])
      entries.push(entry)
      head = { next: index + 1, hash: hashEntry(entry) }
    }
    return entries
  }
}

export const authors = Array.from({ length: 4 }, (_, number) => new Author(number))

export const rules: LedgerRules = { runId: RUN, steps: 400, window: 8, poolSize: 0, isMember: peer => authors.some(author => author.peer === peer) }
