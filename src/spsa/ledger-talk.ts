import type { Entry, Sign, Verify } from './ledger-entry.ts'
import { signEntry } from './ledger-entry.ts'
import { Ledger } from './ledger.ts'
import type { LedgerRules, Snapshot } from './ledger.ts'
import type { LedgerStart } from './ledger-start.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import { answerInquiry, askFor, isSettled, openInquiry } from './reconcile.ts'
import type { Inquiry } from './reconcile.ts'
import { WaitingEntries } from './waiting-entries.ts'

export interface LedgerTalkPorts {
  /** This peer's Ed25519 public key in hex. */
  readonly peer: string
  readonly sign: Sign
  readonly verify: Verify
  /** Keeps an entry of this peer's own for ever, then calls back: whoever forgets what he signed contradicts himself. */
  readonly keep: (entry: Entry, kept: () => void) => void
  /** To a peer's key, or to `EVERYONE` else. */
  readonly send: (to: string, message: OneByteMessage) => void
  readonly report: (event: OneByteReport) => void
}

/** Entries and their bytes in one answer: a frame has 64 KiB. */
const ENTRIES_A_MESSAGE = 64
const BYTES_A_MESSAGE = 32_768

/** What a peer that holds a ledger says about its entries, and what it makes of what others say; what entries mean is somebody else's. */
export class LedgerTalk {
  #ledger: Ledger
  readonly #ports: LedgerTalkPorts
  readonly #waiting = new WaitingEntries()
  /** With whom a conversation about missing entries is open: whatever they send then was asked for. */
  readonly #asked = new Set<string>()

  constructor (rules: LedgerRules, ports: LedgerTalkPorts, snapshot?: Snapshot) {
    this.#ports = ports
    this.#ledger = new Ledger(rules, ports.verify, snapshot)
  }

  get ledger (): Ledger { return this.#ledger }

  /** Takes over entries that were kept, in the order of each chain and without a word, up to the snapshot that they lead to; where they do not, nothing from before it is worth holding. */
  restore (entries: readonly Entry[], start?: LedgerStart): void {
    for (const entry of entries) this.#ledger.admit(entry)
    if (start === undefined) return
    try {
      this.#ledger.compact(start.snapshot, start.held)
    } catch {
      this.goOnFrom(start.snapshot, entries)
    }
  }

  /** Goes on from other chains: those of a snapshot, whoever took it, and what of these entries is later. */
  goOnFrom (snapshot: Snapshot, entries: readonly Entry[] = this.#ledger.entries()): void {
    this.#ledger = new Ledger(this.#ledger.rules, this.#ports.verify, snapshot)
    for (const entry of entries) this.#ledger.admit(entry)
  }

  /** What lies before a step becomes a snapshot, and the entries of the one before it are forgotten. */
  seal (step: number): Pick<LedgerStart, 'snapshot' | 'held'> & { readonly forgotten: ReturnType<Ledger['compact']> } {
    const [snapshot, held] = [this.#ledger.snapshotAt(step), this.#ledger.sealed]
    return { snapshot, held, forgotten: this.#ledger.compact(snapshot, held) }
  }

  /**
   * Signs an entry, keeps it, lets it count here, sends it to everybody, then calls back; a chain that was cut says no more, and `sent` is not called. Where this peer
   * went on from other chains meanwhile, which its entry may not follow, nobody hears of that.
   */
  publish (draft: Pick<Entry, 'firstStep' | 'levels' | 'pool'>, sent: (entry: Entry) => void): void {
    const { peer, sign, keep, send, report } = this.#ports
    const ledger = this.#ledger
    const { next, hash } = ledger.headOf(peer)
    const entry = signEntry({ ...draft, peer, index: next, previous: hash }, ledger.rules.runId, sign)
    keep(entry, () => {
      const verdict = this.#ledger.admit(entry)
      if (verdict.kind === 'admitted') {
        report({ kind: 'admitted', entry, isLate: verdict.isLate })
        send(EVERYONE, { kind: 'pack', entry })
      } else if (ledger === this.#ledger) {
        report({ kind: 'failed', reason: verdict.kind === 'refused' ? `this peer’s own pack does not count: ${verdict.reason}` : 'packs of this peer’s own are missing before this one' })
        return
      }
      sent(entry)
    })
  }

  takePack (from: string, entry: Entry, step: number): void {
    if (entry.peer === from) this.#admit(from, entry, step)
    else this.#refuse(from, `a pack of peer ${entry.peer.slice(0, 8)} came from another one`)
  }

  takeAsked (from: string, entries: readonly Entry[], step: number): void {
    if (this.#asked.has(from)) for (const entry of entries) this.#admit(from, entry, step)
    else this.#refuse(from, `${entries.length} entries came that nobody asked for`)
  }

  /** Asks what this peer lacks and offers what others lack. */
  inquire (to: string): void { this.ask(to, openInquiry(this.#ledger)) }

  ask (to: string, inquiry: Inquiry): void {
    this.#asked.add(to)
    this.#ports.send(to, { kind: 'inquiry', inquiry })
  }

  /** Gives what the other one lacks, and asks on. Returns whether it lacks entries that are forgotten here. */
  answer (from: string, asked: Inquiry): boolean {
    const { inquiry, entries, isForgotten } = answerInquiry(this.#ledger, asked)
    for (const part of parts(entries)) this.#ports.send(from, { kind: 'entries', entries: part })
    if (isSettled(asked)) this.#ports.report({ kind: 'settled', from })
    else this.ask(from, inquiry)
    return isForgotten
  }

  /** Asks for what has been missing for a whole window. */
  fillGaps (step: number): void {
    for (const [to, wanted] of this.#waiting.due(this.#ledger, step, this.#ledger.rules.window)) this.ask(to, askFor(wanted))
  }

  #refuse (from: string, reason: string): void { this.#ports.report({ kind: 'refused', from, code: 'UNKNOWN_PEER', reason }) }

  /** Judges an entry, and those that waited for it. */
  #admit (from: string, entry: Entry, step: number): void {
    for (let next: Entry | undefined = entry; next !== undefined; next = this.#waiting.takeNext(entry.peer, this.#ledger.headOf(entry.peer).next)) {
      const verdict = this.#ledger.admit(next)
      if (verdict.kind === 'admitted') {
        this.#ports.report({ kind: 'admitted', entry: next, isLate: verdict.isLate })
        continue
      }
      if (verdict.kind === 'early') this.#waiting.add(next, from, step)
      else if (verdict.code !== 'REPLAY') this.#reject(from, next, verdict)
      return
    }
  }

  #reject (from: string, { peer, firstStep }: Entry, { code, reason, withdrawn }: Extract<ReturnType<Ledger['admit']>, { kind: 'refused' }>): void {
    this.#ports.report({ kind: 'refused', from, code, reason })
    if (withdrawn.length === 0 && code !== 'FORK') return
    this.#waiting.forget(peer)
    this.#ports.report({ kind: 'withdrawn', peer, entries: withdrawn, fromStep: firstStep })
  }
}

/** Entries in messages that fit into frames. */
function parts (entries: readonly Entry[]): Entry[][] {
  const made: Entry[][] = []
  let [part, bytes]: [Entry[], number] = [[], 0]
  for (const entry of entries) {
    const size = ENTRY_BYTES + entry.levels.length * (entry.pool === undefined ? 1 : 3)
    if (part.length > 0 && (part.length >= ENTRIES_A_MESSAGE || bytes + size > BYTES_A_MESSAGE)) {
      made.push(part);
      [part, bytes] = [[], 0]
    }
    part.push(entry)
    bytes += size
  }
  return part.length === 0 ? made : [...made, part]
}

/** Of an entry besides its steps, and of the message around it. */
const ENTRY_BYTES = 144
