import type { Entry } from './ledger-entry.ts'
import type { Ledger, Verdict } from './ledger.ts'
import type { OneBytePorts } from './one-byte-ports.ts'
import type { Wanted } from './reconcile.ts'
import { WaitingEntries } from './waiting-entries.ts'

/** What came in and is not in the weights yet. */
export interface Taken {
  readonly added: readonly Entry[]
  readonly withdrawn: readonly Entry[]
  /** The first step about which anything changed; Infinity where nothing did. */
  readonly fromStep: number
}

/**
 * Judges what others send, and keeps what counts until the weights may move: both losses of a step are of the same θ, or their difference says nothing.
 */
export class Intake {
  /** With whom a conversation about missing entries is open: whatever they send then was asked for. */
  readonly asked = new Set<string>()
  readonly #ports: Pick<OneBytePorts, 'report'>
  readonly #self: () => { readonly ledger: Ledger, readonly step: number }
  readonly #waiting = new WaitingEntries()
  #added: Entry[] = []
  #withdrawn: Entry[] = []
  #fromStep = Infinity

  constructor (ports: Pick<OneBytePorts, 'report'>, self: () => { readonly ledger: Ledger, readonly step: number }) {
    this.#ports = ports
    this.#self = self
  }

  get added (): readonly Entry[] { return this.#added }

  /** What a model that is made anew lacks. */
  begin (entries: readonly Entry[]): void {
    this.#added = [...entries]
    this.#withdrawn = []
  }

  /** What there is for the weights, handed over. What was cut from a chain never returns, so that additions come first. */
  take (): Taken {
    const [added, withdrawn] = [this.#added, this.#withdrawn]
    const fromStep = [...added, ...withdrawn].reduce((first, entry) => Math.min(first, entry.firstStep), this.#fromStep);
    [this.#added, this.#withdrawn, this.#fromStep] = [[], [], Infinity]
    return { added, withdrawn, fromStep }
  }

  takePack (from: string, entry: Entry): void {
    if (entry.peer === from) this.admit(from, entry)
    else this.#refuse(from, 'UNKNOWN_PEER', `a pack of peer ${entry.peer.slice(0, 8)} came from another one`)
  }

  takeAsked (from: string, entries: readonly Entry[]): void {
    if (this.asked.has(from)) for (const entry of entries) this.admit(from, entry)
    else this.#refuse(from, 'UNKNOWN_PEER', `${entries.length} entries came that nobody asked for`)
  }

  /** Judges an entry, and those that waited for it. */
  admit (from: string, entry: Entry): void {
    const { ledger, step } = this.#self()
    for (let next: Entry | undefined = entry; next !== undefined; next = this.#waiting.takeNext(entry.peer, ledger.headOf(entry.peer).next)) {
      const verdict = ledger.admit(next)
      if (verdict.kind === 'admitted') {
        if (!verdict.isLate) this.#added.push(next)
        this.#ports.report({ kind: 'admitted', entry: next })
        continue
      }
      if (verdict.kind === 'early') this.#waiting.add(next, from, step)
      else if (verdict.code !== 'REPLAY') this.#reject(from, next, verdict)
      return
    }
  }

  /** What to ask of whom: gaps that have been open for `patience` steps. */
  due (step: number, patience: number): Map<string, Wanted[]> {
    return this.#waiting.due(this.#self().ledger, step, patience)
  }

  #reject (from: string, { peer, firstStep }: Entry, { code, reason, withdrawn }: Extract<Verdict, { kind: 'refused' }>): void {
    this.#refuse(from, code, reason)
    if (withdrawn.length === 0 && code !== 'FORK') return
    this.#waiting.forget(peer)
    this.#withdrawn.push(...withdrawn)
    this.#fromStep = Math.min(this.#fromStep, firstStep)
    this.#ports.report({ kind: 'withdrawn', peer, entries: withdrawn })
  }

  #refuse (from: string, code: string, reason: string): void {
    this.#ports.report({ kind: 'refused', from, code, reason })
  }
}
