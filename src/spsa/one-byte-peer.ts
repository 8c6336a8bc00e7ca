import type { ScalarOutcome } from '../ports.ts'
import { ByteModel } from './byte-model.ts'
import type { ModelMemory, StepByte } from './byte-model.ts'
import { signEntry } from './ledger-entry.ts'
import type { Entry } from './ledger-entry.ts'
import { Ledger, fingerprintOf } from './ledger.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage } from './one-byte-messages.ts'
import type { OneBytePorts, OneByteRules, OneByteStart } from './one-byte-ports.ts'
import { answerInquiry, askFor, isSettled, openInquiry } from './reconcile.ts'
import { ABSTAIN } from './scalar-codec.ts'
import type { ScalarMachine } from './scalar-machine.ts'
import { seedOfStep } from './seeds.ts'
import { stepBytesOf } from './step-bytes.ts'
import { WaitingEntries } from './waiting-entries.ts'
import type { WeightSource } from './weight-source.ts'

type CheckMessage = Extract<OneByteMessage, { kind: 'check' }>

/** A comparison looks so many windows back: by then what nothing kept from anybody has arrived everywhere. */
const WINDOWS_BACK = 4
/** Entries of one answer: about 10 kB. */
const ENTRIES_A_MESSAGE = 64

/**
 * One peer of Just One Byte: evaluate the own batch at θ ± ε·z(own seed), keep one byte of the projected gradient, and sign and send a pack of
 * them after each window, when they count for this peer as for everybody else. All weights are a function of the set of packs held (`ByteModel`).
 */
export class OneBytePeer implements ScalarMachine {
  readonly ledger: Ledger
  readonly model: ByteModel
  readonly #rules: OneByteRules
  readonly #ports: OneBytePorts
  readonly #waiting = new WaitingEntries()
  /** With whom a conversation about missing entries is open: whatever they send then was asked for. */
  readonly #asked = new Set<string>()
  readonly #lacked = new Set<string>()
  #pack: number[] = []
  #step = 0
  #stopping = false
  #isMeasuring = false
  #isOver = false
  /** What came while the two losses of a step were measured: they are of the same θ, or their difference says nothing. */
  #added: StepByte[] = []
  #withdrawn: StepByte[] = []
  readonly #checks = new Map<string, CheckMessage>()
  /** What was compared last, for as long as nothing changes. */
  #state: { readonly step: number, readonly fingerprint: string, readonly modelHash: string } | undefined

  constructor (memory: ModelMemory, rules: OneByteRules, ports: OneBytePorts, start?: OneByteStart) {
    this.#rules = rules
    this.#ports = ports
    this.ledger = new Ledger(rules.ledger, ports.verify, start?.snapshot)
    this.model = new ByteModel(memory, rules.model, start?.model)
  }

  /** Steps taken so far. */
  get step (): number {
    return this.#step
  }

  get weights (): WeightSource { return this.model.weights }

  /** Takes over entries that were kept, in the order of each chain and without a word, in one pass over the weights. Before `start`. */
  restore (entries: readonly Entry[]): void {
    const { runId } = this.#rules.ledger
    for (const entry of entries) {
      const verdict = this.ledger.admit(entry)
      if (verdict.kind === 'admitted') this.#added.push(...stepBytesOf(entry, runId))
      if (verdict.kind === 'refused') this.#withdrawn.push(...verdict.withdrawn.flatMap(gone => stepBytesOf(gone, runId)))
    }
    this.#catchUp()
  }

  /** Steps until the run's end or `stop`, from the own chain's end on, or from `fromStep` where that is later. Call it once. */
  start (fromStep = 0): void {
    this.#step = Math.max(fromStep, this.ledger.reachOf(this.#ports.peer))
    if (this.#step >= this.#rules.ledger.steps) this.#finish()
    else this.#next()
  }

  #next (): void {
    if (this.#stopping) {
      this.#leave()
      return
    }
    this.#isMeasuring = true
    const step = this.#step
    const seed = seedOfStep(this.#rules.ledger.runId, step, this.#ports.peer)
    this.#ports.measure({ step, epsilon: this.#rules.epsilon, directions: [{ seed }] }, outcome => { this.#measured(step, outcome) })
  }

  /** Takes no more steps, sends what it has measured, and still answers. */
  stop (): void {
    this.#stopping = true
  }

  /** ĝ = (L(θ+εz) − L(θ−εz)) / 2ε (Spall 1992; MeZO, definition 1). A loss that is no number abstains. */
  #measured (step: number, outcome: ScalarOutcome): void {
    this.#isMeasuring = false
    this.#catchUp()
    if (outcome.kind === 'stopped') this.#leave()
    if (outcome.kind === 'failed') this.#ports.report({ kind: 'failed', reason: outcome.reason })
    if (outcome.kind !== 'measured') return
    const { above, below } = outcome.losses[0] ?? { above: NaN, below: NaN }
    const { model: { codec }, epsilon, ledger: { window, steps } } = this.#rules
    const scalar = (above - below) / (2 * epsilon)
    const level = Number.isFinite(scalar) ? codec.encode(this.#ports.disclose?.(scalar) ?? scalar) : ABSTAIN
    this.#pack.push(level)
    this.#step++
    this.#ports.report({ kind: 'step', step, loss: (above + below) / 2, level, tokens: outcome.tokens })
    if (this.#step % window === 0 || this.#step === steps) this.#sendPack(() => { this.#afterPack() })
    else this.#next()
  }

  #afterPack (): void {
    const { checkEvery, ledger: { steps, window } } = this.#rules
    for (const [to, wanted] of this.#waiting.due(this.ledger, this.#step, window)) this.#send(to, { kind: 'inquiry', inquiry: askFor(wanted) })
    if (this.#step % checkEvery === 0) this.#sendCheck(EVERYONE, Math.max(this.ledger.firstStep, this.#step - WINDOWS_BACK * window))
    if (this.#step === steps) this.#finish()
    else this.#next()
  }

  #sendPack (sent: () => void): void {
    if (this.#pack.length === 0) {
      sent()
      return
    }
    const { peer, sign, keep } = this.#ports
    const { next, hash } = this.ledger.headOf(peer)
    const draft = { peer, index: next, firstStep: this.#step - this.#pack.length, levels: Int8Array.from(this.#pack), pool: undefined, previous: hash }
    this.#pack = []
    const entry = signEntry(draft, this.#rules.ledger.runId, sign)
    keep(entry, () => {
      this.#admit(peer, entry)
      this.#catchUp()
      this.#send(EVERYONE, { kind: 'pack', entry })
      this.#ports.report({ kind: 'packed', entry })
      sent()
    })
  }

  #leave (): void {
    this.#isOver = true
    this.#sendPack(() => { this.#ports.report({ kind: 'stopped', step: this.#step }) })
  }

  #finish (): void {
    this.#isOver = true
    this.#ports.report({ kind: 'finished', step: this.#step })
    this.compare(EVERYONE)
  }

  /** The step after every byte that there can be: where peers that are done compare. */
  get #end (): number {
    const { window, steps } = this.#rules.ledger
    return Math.ceil(steps / window) * window
  }

  /** Tells what this peer holds, so that whoever holds something else finds out. Of a run that is over, all of it. */
  compare (to: string): void {
    this.#sendCheck(to, this.#step >= this.#rules.ledger.steps ? this.#end : Math.floor(this.#step / this.#rules.ledger.window) * this.#rules.ledger.window)
  }

  /** Everything held now, by its fingerprint, and the weights that it makes, by their hash. */
  state (): { readonly fingerprint: string, readonly modelHash: string } {
    return { fingerprint: fingerprintOf({ step: this.ledger.firstStep, heads: this.ledger.heads() }), modelHash: this.model.hash() }
  }

  /** Asks what it lacks and offers what others lack. */
  inquire (to: string): void {
    this.#send(to, { kind: 'inquiry', inquiry: openInquiry(this.ledger) })
  }

  #send (to: string, message: OneByteMessage): void {
    if (message.kind === 'inquiry') this.#asked.add(to)
    this.#ports.send(to, message)
  }

  #sendCheck (to: string, step: number): void {
    this.#send(to, { kind: 'check', step, ...this.#stateAt(step) })
  }

  #stateAt (step: number): { readonly fingerprint: string, readonly modelHash: string } {
    if (this.#state?.step !== step) this.#state = { step, fingerprint: fingerprintOf(this.ledger.snapshotAt(step)), modelHash: this.model.hash(step) }
    const { fingerprint, modelHash } = this.#state
    return { fingerprint, modelHash }
  }

  /** Whatever arrives from somebody: in any order, twice, or never. */
  receive (from: string, message: OneByteMessage): void {
    if (message.kind === 'pack') this.#takePack(from, message.entry)
    else if (message.kind === 'entries') this.#takeAsked(from, message.entries)
    else if (message.kind === 'inquiry') this.#answer(from, message)
    else if (message.kind === 'check') this.#checks.set(from, message)
    else this.#refuse(from, 'WRONG_STEP', 'this run has no seed pool whose sums could be told')
    if (!this.#isMeasuring) this.#catchUp()
  }

  #takePack (from: string, entry: Entry): void {
    if (entry.peer === from) this.#admit(from, entry)
    else this.#refuse(from, 'UNKNOWN_PEER', `a pack of peer ${entry.peer.slice(0, 8)} came from another one`)
  }

  #takeAsked (from: string, entries: readonly Entry[]): void {
    if (this.#asked.has(from)) for (const entry of entries) this.#admit(from, entry)
    else this.#refuse(from, 'UNKNOWN_PEER', `${entries.length} entries came that nobody asked for`)
  }

  #refuse (from: string, code: string, reason: string): void {
    this.#ports.report({ kind: 'refused', from, code, reason })
  }

  /** Judges an entry, and those that waited for it. */
  #admit (from: string, entry: Entry): void {
    for (let next: Entry | undefined = entry; next !== undefined; next = this.#waiting.takeNext(entry.peer, this.ledger.headOf(entry.peer).next)) {
      const verdict = this.ledger.admit(next)
      if (verdict.kind === 'admitted') {
        this.#added.push(...stepBytesOf(next, this.#rules.ledger.runId))
        this.#ports.report({ kind: 'admitted', entry: next })
        continue
      }
      if (verdict.kind === 'early') this.#waiting.add(next, from, this.#step)
      else if (verdict.code !== 'REPLAY') this.#reject(from, next, verdict)
      return
    }
  }

  #reject (from: string, { peer }: Entry, { code, reason, withdrawn }: Extract<ReturnType<Ledger['admit']>, { kind: 'refused' }>): void {
    this.#refuse(from, code, reason)
    if (withdrawn.length === 0 && code !== 'FORK') return
    this.#waiting.forget(peer)
    this.#withdrawn.push(...withdrawn.flatMap(entry => stepBytesOf(entry, this.#rules.ledger.runId)))
    this.#ports.report({ kind: 'withdrawn', peer, entries: withdrawn })
  }

  /** Lets the weights follow the ledger. What was cut from a chain never returns, so additions come first. */
  #catchUp (): void {
    const [added, withdrawn] = [this.#added, this.#withdrawn];
    [this.#added, this.#withdrawn] = [[], []]
    if (added.length + withdrawn.length > 0) this.#state = undefined
    if (added.length > 0) this.model.add(added)
    if (withdrawn.length > 0) this.model.withdraw(withdrawn)
    for (const [from, check] of this.#checks) this.#compare(from, check)
    this.#checks.clear()
  }

  #answer (from: string, { inquiry: asked }: Extract<OneByteMessage, { kind: 'inquiry' }>): void {
    const { inquiry, entries } = answerInquiry(this.ledger, asked)
    for (let at = 0; at < entries.length; at += ENTRIES_A_MESSAGE) this.#send(from, { kind: 'entries', entries: entries.slice(at, at + ENTRIES_A_MESSAGE) })
    if (isSettled(asked)) this.#ports.report({ kind: 'settled', from })
    else this.#send(from, { kind: 'inquiry', inquiry })
  }

  #compare (from: string, { step, fingerprint, modelHash }: CheckMessage): void {
    const { window } = this.#rules.ledger
    if (step > (this.#isOver ? this.#end : this.#step) || step % window !== 0 || step < this.ledger.firstStep) return
    const mine = this.#stateAt(step)
    if (mine.fingerprint !== fingerprint) this.#lack(from, step)
    else if (mine.modelHash === modelHash) this.#agree(from, step)
    else {
      this.model.rebuild()
      this.#state = undefined
      this.#ports.report({ kind: 'rebuilt', from, step })
    }
  }

  #agree (from: string, step: number): void {
    this.#lacked.delete(from)
    this.#ports.report({ kind: 'agreed', from, step })
  }

  /** One question mends both sides, so that the smaller key asks it; the other one does where it was not heard. */
  #lack (from: string, step: number): void {
    this.#ports.report({ kind: 'lacking', from, step })
    if (this.#ports.peer < from || this.#lacked.has(from)) this.inquire(from)
    this.#lacked.add(from)
  }
}
