import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyHead } from '../../../src/spsa/chain.ts'
import { decodeEntry, encodeEntry, hashEntry } from '../../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../../src/spsa/ledger-entry.ts'
import { Ledger, RUN_START, fingerprintOf } from '../../../src/spsa/ledger.ts'
import type { LedgerRules, Verdict } from '../../../src/spsa/ledger.ts'
import { answerInquiry, isSettled, openInquiry } from '../../../src/spsa/reconcile.ts'
import { encodeLedger, verifyLedger } from '../../../src/spsa/verify-ledger.ts'
import { Author, authors, rules, verify } from './authors.ts'
import { shuffled, uint32 } from './support.ts'

const [ann, bob] = authors as [Author, Author]
const annChain = ann.chain(8)
const first = annChain[0]!

function ledgerOf (entries: readonly Entry[], of: LedgerRules = rules): Ledger {
  const ledger = new Ledger(of, verify)
  for (const entry of entries) ledger.admit(entry)
  return ledger
}

function codeOf (verdict: Verdict): string {
  return verdict.kind === 'refused' ? verdict.code : verdict.kind
}

/** Asks and answers in turn until neither has a question. */
function reconcile (one: Ledger, other: Ledger): { rounds: number, entries: number } {
  let asked = openInquiry(one)
  let [speaker, listener] = [other, one]
  let [rounds, entries] = [0, 0]
  for (; !isSettled(asked); rounds++) {
    expect(rounds).toBeLessThan(30)
    const answer = answerInquiry(speaker, asked)
    for (const entry of answer.entries) listener.admit(entry)
    entries += answer.entries.length
    asked = answer.inquiry;
    [speaker, listener] = [listener, speaker]
  }
  return { rounds, entries }
}

/** Feeds everything again and again until nothing is early any more. */
function digest (entries: readonly Entry[]): Ledger {
  const ledger = new Ledger(rules, verify)
  let early = [...entries]
  for (let left = Infinity; early.length > 0 && early.length < left;) {
    left = early.length
    early = early.filter(entry => ledger.admit(entry).kind === 'early')
  }
  return ledger
}

describe('an entry', () => {
  it('travels and comes back, with and without pool indexes, at 140 bytes and one or three a step', () => {
    const pooled = ann.entry(emptyHead(ann.peer), 3, [5, -5], { pool: [4095, 0] })
    expect(decodeEntry(encodeEntry(pooled))).toEqual(pooled)
    expect(decodeEntry(encodeEntry(first))).toEqual(first)
    expect(encodeEntry(first).length).toBe(140 + 4)
    expect(encodeEntry(pooled).length).toBe(140 + 6)
  })

  it('is never read from other bytes, and reading never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const entry = decodeEntry(bytes)
      if (entry !== undefined) expect(encodeEntry(entry)).toEqual(bytes)
    }))
    const bytes = encodeEntry(first)
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = bytes.slice()
      changed[at]! ^= change
      const entry = decodeEntry(changed)
      if (entry !== undefined) expect(['FORGED', 'UNKNOWN_PEER', 'WRONG_STEP']).toContain(codeOf(new Ledger(rules, verify).admit(entry)))
    }), { numRuns: 60 })
    expect(decodeEntry(bytes.subarray(1))).toBeUndefined()
  })
})

describe('a ledger', () => {
  it('admits a chain and knows its head', () => {
    const ledger = ledgerOf(annChain)
    expect(ledger.entries()).toEqual(annChain)
    expect(ledger.headOf(ann.peer)).toEqual({ peer: ann.peer, next: 8, hash: hashEntry(annChain[7]!), cut: false })
  })

  it('refuses with a reason, and nothing counts that did not before', () => {
    const stranger = new Author(99)
    const head = { next: 1, hash: hashEntry(first) }
    const cases: ReadonlyArray<readonly [Entry, string]> = [
      [stranger.chain(1)[0]!, 'UNKNOWN_PEER'],
      [first, 'REPLAY'],
      [{ ...annChain[1]!, signature: annChain[2]!.signature }, 'FORGED'],
      [{ ...annChain[1]!, levels: Int8Array.of(127) }, 'FORGED'],
      [{ ...annChain[1]!, signature: new Uint8Array(64) }, 'FORGED'],
      [ann.entry(head, 4, [1], { runId: 'run-2' }), 'FORGED'],
      [ann.entry(head, 3, [1]), 'WRONG_STEP'],
      [ann.entry(head, 6, [1, 1, 1]), 'WRONG_STEP'],
      [ann.entry(head, 400, [1]), 'WRONG_STEP'],
      [ann.entry(head, 4, [1], { pool: [0] }), 'SEED_OUTSIDE_POOL'],
      [annChain[3]!, 'early']
    ]
    for (const [entry, code] of cases) {
      const ledger = ledgerOf([first])
      const before = ledger.heads()
      const verdict = ledger.admit(entry)
      expect(codeOf(verdict)).toBe(code)
      if (verdict.kind === 'refused') expect(verdict.reason).toMatch(/peer [0-9a-f]{8}/)
      expect(ledger.heads()).toEqual(before)
      expect(codeOf(ledger.admit(annChain[1]!))).toBe('admitted')
    }
  })

  it('refuses seeds outside the pool', () => {
    const pooled = { ...rules, poolSize: 4096 }
    const entry = (pool: number[] | undefined): Entry => ann.entry(emptyHead(ann.peer), 0, [1, 1], pool ? { pool } : {})
    expect(codeOf(ledgerOf([], pooled).admit(entry([0, 4095])))).toBe('admitted')
    expect(codeOf(ledgerOf([], pooled).admit(entry([0, 4096])))).toBe('SEED_OUTSIDE_POOL')
    expect(codeOf(ledgerOf([], pooled).admit(entry(undefined)))).toBe('SEED_OUTSIDE_POOL')
  })

  it('counts a peer that forks up to the fork only, whichever branch came first', () => {
    const head = { next: 3, hash: hashEntry(annChain[2]!) }
    const other = ann.entry(head, 12, [7])
    const ledger = ledgerOf(annChain)
    const verdict = ledger.admit(other)
    expect(verdict).toMatchObject({ kind: 'refused', code: 'FORK', withdrawn: annChain.slice(3) })
    const late = ledgerOf([...annChain.slice(0, 3), other])
    expect(late.admit(annChain[3]!)).toMatchObject({ code: 'FORK', withdrawn: [other] })
    expect(late.heads()).toEqual(ledger.heads())
    expect(codeOf(ledger.admit(annChain[3]!))).toBe('FORK')
  })

  it('counts the same entries in whatever order everything was seen', () => {
    const fork = ann.entry({ next: 2, hash: hashEntry(annChain[1]!) }, 8, [9])
    const stray = bob.entry({ next: 1, hash: new Uint8Array(32).fill(1) }, 4, [3])
    const seen = [...annChain, fork, ...bob.chain(4), stray]
    const expected = digest(seen).heads()
    expect(expected.map(({ next, cut }) => [next, cut]).sort()).toEqual([[1, true], [2, true]])
    fc.assert(fc.property(uint32, order => {
      expect(digest(shuffled(seen, order)).heads()).toEqual(expected)
    }), { numRuns: 15 })
  })
})

describe('reconciliation', () => {
  const chains = authors.map(author => author.chain(6))

  it('leaves both with everything, and costs one fingerprint where nothing differs', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 4, maxLength: 4 }), lengths => {
      const one = ledgerOf(chains.flatMap((chain, i) => chain.slice(0, lengths[i]![0])))
      const other = ledgerOf(chains.flatMap((chain, i) => chain.slice(0, lengths[i]![1])))
      const { entries } = reconcile(one, other)
      expect(one.heads()).toEqual(other.heads())
      expect(one.entries()).toHaveLength(lengths.reduce((sum, pair) => sum + Math.max(...pair), 0))
      expect(entries).toBe(lengths.reduce((sum, [mine, theirs]) => sum + Math.abs(mine - theirs), 0))
      expect(reconcile(one, other)).toEqual({ rounds: 1, entries: 0 })
    }), { numRuns: 15 })
  })

  it('carries forks, which neither side knew of, to both', () => {
    const branch = [...chains[0]!.slice(0, 2), ann.entry({ next: 2, hash: hashEntry(chains[0]![1]!) }, 8, [9, 9])]
    for (const length of [2, 3, 5]) {
      const [one, other] = [ledgerOf(chains[0]!.slice(0, length)), ledgerOf(branch)]
      reconcile(one, other)
      expect(one.heads()).toEqual(other.heads())
      expect(one.headOf(ann.peer)).toMatchObject(length > 2 ? { next: 2, cut: true } : { next: 3, cut: false })
      const third = ledgerOf(chains[0]!)
      reconcile(third, one)
      expect(third.heads()).toEqual(one.heads())
      expect(third.headOf(ann.peer)).toMatchObject({ next: 2, cut: true })
    }
  })

  it('finds the one that differs among 60 peers in a few rounds', () => {
    const many = Array.from({ length: 60 }, (_, number) => new Author(number + 100))
    const all = { ...rules, isMember: () => true }
    const entries = many.map(author => author.chain(1)[0]!)
    const [one, other] = [ledgerOf(entries, all), ledgerOf(entries.slice(1), all)]
    const { rounds, entries: sent } = reconcile(one, other)
    expect(other.heads()).toEqual(one.heads())
    expect(sent).toBe(1)
    expect(rounds).toBeLessThanOrEqual(5)
  })
})

describe('a snapshot', () => {
  const everything = authors.flatMap(author => author.chain(6))

  it('stands for what came before it, and the ledger goes on from there', () => {
    const ledger = ledgerOf(everything)
    const snapshot = ledger.snapshotAt(16)
    ledger.compact(snapshot)
    expect(ledger.entries()).toHaveLength(2 * authors.length)
    const joiner = new Ledger(rules, verify, snapshot)
    for (const entry of ledger.entries()) expect(codeOf(joiner.admit(entry))).toBe('admitted')
    expect(joiner.heads()).toEqual(ledger.heads())
    expect(codeOf(joiner.admit(everything[0]!))).toBe('BEFORE_SNAPSHOT')
    expect(codeOf(ledger.admit(everything[4]!))).toBe('REPLAY')
  })

  it('counts nothing of what comes too late for it, which holds its chain together', () => {
    const [punctual, late] = [ledgerOf(everything), ledgerOf(everything.filter(entry => entry.peer !== ann.peer || entry.index < 2))]
    const snapshot = late.snapshotAt(16)
    for (const ledger of [punctual, late]) {
      ledger.compact(snapshot, RUN_START)
      for (const entry of everything) ledger.admit(entry)
      expect(ledger.entries()).toHaveLength(everything.length)
      expect(ledger.counted()).toHaveLength(everything.length - 2)
      expect(ledger.open()).toHaveLength(2 * authors.length)
      expect(ledger.snapshotAt(16)).toEqual(snapshot)
    }
    expect(late.heads()).toEqual(punctual.heads())
    const [mine, theirs] = [punctual, late].map(ledger => ledger.snapshotAt(24))
    expect(mine).toEqual(theirs)
  })

  it('leaves the entries before it as long as an earlier one is held, and says when somebody lacks forgotten ones', () => {
    const ledger = ledgerOf(everything)
    expect(ledger.compact(ledger.snapshotAt(8), RUN_START)).toEqual([])
    expect(answerInquiry(ledger, openInquiry(new Ledger(rules, verify))).isForgotten).toBe(false)
    const before = ledger.sealed
    expect(ledger.compact(ledger.snapshotAt(16), before)).toHaveLength(2 * authors.length)
    const told = answerInquiry(new Ledger(rules, verify), openInquiry(ledger)).inquiry
    expect(answerInquiry(ledger, told)).toMatchObject({ isForgotten: true, entries: [] })
    const reached = new Ledger(rules, verify, before)
    reconcile(reached, ledger)
    expect(reached.heads()).toEqual(ledger.heads())
  })

  it('is refused by a ledger that holds other bytes, which then forgets nothing', () => {
    const snapshot = ledgerOf(everything).snapshotAt(16)
    const poorer = ledgerOf(everything.slice(0, -3))
    expect(fingerprintOf(poorer.snapshotAt(16))).not.toBe(fingerprintOf(snapshot))
    expect(() => { poorer.compact(snapshot) }).toThrow(RangeError)
    expect(poorer.entries()).toHaveLength(everything.length - 3)
    expect(() => poorer.snapshotAt(12)).toThrow(RangeError)
  })
})

describe('verifyLedger', () => {
  const bytes = encodeLedger(annChain)

  it('finds a sound ledger sound', () => {
    const report = verifyLedger(bytes, rules, verify)
    expect(report).toMatchObject({ peers: 1, entries: 8, steps: 32, faults: [] })
    expect(report.fingerprint).toBe(verifyLedger(encodeLedger(annChain), rules, verify).fingerprint)
  })

  it('names every fault and keeps what is sound', () => {
    const forged = { ...annChain[2]!, levels: Int8Array.of(1, 1, 1, 1) }
    const spoiled = encodeLedger([...annChain.slice(0, 2), forged, ...annChain.slice(3)])
    const report = verifyLedger(spoiled, rules, verify)
    expect(report.faults.map(({ code }) => code)).toEqual(['FORGED', 'MISSING', 'MISSING', 'MISSING', 'MISSING', 'MISSING'])
    expect(report.entries).toBe(2)
    expect(verifyLedger(bytes.subarray(0, bytes.length - 5), rules, verify).faults.map(({ code }) => code)).toEqual(['MALFORMED'])
    expect(verifyLedger(Uint8Array.of(1), rules, verify).faults).toHaveLength(1)
  })
})
