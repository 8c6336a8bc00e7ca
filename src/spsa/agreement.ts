import type { ByteModel } from './byte-model.ts'
import { fingerprintOf } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, SnapshotOffer } from './one-byte-messages.ts'
import type { OneBytePorts, OneByteRules } from './one-byte-ports.ts'

/** What a peer knows when it compares. */
export interface Agreeing {
  readonly ledger: Ledger
  readonly model: ByteModel
  /** Steps taken. */
  readonly step: number
  readonly isOver: boolean
  /** Asks somebody for what this peer lacks. */
  readonly inquire: (to: string) => void
}

/** A snapshot that most others went on from, and how many of them told so. */
export interface Overruling {
  readonly offer: SnapshotOffer
  readonly by: number
}

export type CheckMessage = Extract<OneByteMessage, { kind: 'check' }>

interface State {
  readonly step: number
  readonly fingerprint: string
  readonly modelHash: string
}

/** A comparison looks so many windows back: by then what nothing kept from anybody has arrived everywhere. */
export const WINDOWS_BACK = 4
/** Epochs for which a snapshot waits until everybody agrees; then most are enough, or one who is much slower would let ledgers grow without end. */
const PATIENCE_EPOCHS = 1
/** Members whose word is taken for a snapshot, where there are so many. */
export const WITNESSES = 2
/** Chains in one message: 70 bytes each, so that it fits into a frame. */
const HEADS_A_MESSAGE = 512

/**
 * Whether peers have the same bytes and the same weights, and when that lets them forget: an epoch becomes a snapshot once everybody who is there has told that it
 * has made the same of it. Who was away, or is alone in having something else, goes on from the snapshot that most have taken.
 */
export class Agreement {
  readonly #rules: OneByteRules
  readonly #ports: OneBytePorts
  readonly #self: () => Agreeing
  /** What was compared last, for as long as nothing changes, and the last snapshot, which never does. */
  #state: State | undefined
  #sealed: State | undefined
  /** Up to which step others have told the same as this peer has: who has the same at a step has it at all earlier ones. */
  readonly #agreedTo = new Map<string, number>()
  readonly #lacked = new Set<string>()
  /** Told something once since this peer's last pack: two who answer each other never end else. */
  readonly #answered = new Set<string>()
  #isBoundaryTold = false
  readonly #offers = new Map<string, SnapshotOffer>()

  constructor (rules: OneByteRules, ports: OneBytePorts, self: () => Agreeing) {
    this.#rules = rules
    this.#ports = ports
    this.#self = self
  }

  /** Bytes came or went, of no step before `fromStep`. */
  changed (fromStep: number): void {
    if (fromStep < (this.#state?.step ?? 0)) this.#state = undefined
    for (const [peer, step] of this.#agreedTo) this.#agreedTo.set(peer, Math.min(step, fromStep))
    if (fromStep < this.boundary) this.#isBoundaryTold = false
  }

  /** This peer goes on from another snapshot. */
  restarted (): void {
    this.changed(0)
    this.#sealed = undefined
    this.#offers.clear()
  }

  /** After each pack of this peer's: what is due is told, once more to those who have yet to agree about the next boundary. */
  afterPack (): void {
    const { step, ledger } = this.#self()
    const { checkEvery, ledger: { window } } = this.#rules
    this.afterWhile()
    if (step % checkEvery === 0) this.sendCheck(EVERYONE, Math.max(ledger.firstStep, step - WINDOWS_BACK * window))
    const open = this.#isBoundaryTold ? this.#open() : []
    for (const to of open) this.sendCheck(to, this.boundary)
  }

  /** Time has passed: what was told once may be told again. */
  afterWhile (): void { this.#answered.clear() }

  sendCheck (to: string, step: number): void {
    const { fingerprint, modelHash } = this.#stateAt(step)
    this.#ports.send(to, { kind: 'check', step, fingerprint, modelHash })
  }

  /** The step after which the next snapshot stands. */
  get boundary (): number {
    return this.#self().ledger.firstStep + this.#rules.model.epochSteps
  }

  /** How many others agreed on the next boundary. */
  get agreed (): number {
    return [...this.#agreedTo.values()].filter(step => step >= this.boundary).length
  }

  /** Others who have yet to agree about the next boundary. */
  #open (): readonly string[] {
    return this.#ports.others().filter(other => (this.#agreedTo.get(other) ?? 0) < this.boundary)
  }

  /** Once enough have the same bytes before the boundary; all are told what this peer has there. */
  isSealable (): boolean {
    const { step } = this.#self()
    const { model: { epochSteps }, ledger: { window } } = this.#rules
    if (step < this.boundary + WINDOWS_BACK * window) return false
    if (!this.#isBoundaryTold) this.sendCheck(EVERYONE, this.boundary)
    this.#isBoundaryTold = true
    const open = this.#open().length
    return open === 0 || (step >= this.boundary + WINDOWS_BACK * window + PATIENCE_EPOCHS * epochSteps && 2 * open < this.#ports.others().length)
  }

  /** The boundary is sealed. */
  sealed (): void {
    this.#sealed = undefined
    this.#isBoundaryTold = false
  }

  /** What this peer has at a step, one comparison after another of the same state costing nothing. */
  #stateAt (step: number): State {
    const { ledger, model } = this.#self()
    const known = step === ledger.firstStep ? this.#sealed : this.#state
    if (known?.step === step) return known
    const state = { step, fingerprint: fingerprintOf(ledger.snapshotAt(step)), modelHash: model.hash(step) }
    if (step === ledger.firstStep) this.#sealed = state
    else this.#state = state
    return state
  }

  /** Compares what somebody told of himself with what this peer has. Returns 'rebuild' where weights differ although bytes do not. */
  compare (from: string, check: CheckMessage): 'rebuild' | undefined {
    const { step, fingerprint } = check
    const { ledger, isOver, step: taken } = this.#self()
    const { window, steps } = this.#rules.ledger
    const end = Math.ceil(steps / window) * window
    if (step > (isOver ? end : taken) || step % window !== 0) return undefined
    if (step < ledger.firstStep) {
      if (step >= 0) this.#once(from, () => { this.offer(from) })
      return undefined
    }
    const mine = this.#stateAt(step)
    if (sameState(mine, check)) this.#agree(from, step)
    else if (step === ledger.firstStep && step > 0) this.#dispute(from)
    else if (mine.fingerprint !== fingerprint) this.#lack(from, step)
    else {
      this.#state = this.#sealed = undefined
      this.#ports.report({ kind: 'rebuilt', from, step })
      if (ledger.firstStep > 0) this.#dispute(from)
      return 'rebuild'
    }
    return undefined
  }

  #agree (from: string, step: number): void {
    this.#lacked.delete(from)
    const isRepeated = (this.#agreedTo.get(from) ?? 0) >= step
    this.#agreedWith(from, step)
    // whoever says it again has not heard this peer say it
    if (isRepeated && step > 0 && step % this.#rules.model.epochSteps === 0) this.#once(from, () => { this.sendCheck(from, step) })
    this.#ports.report({ kind: 'agreed', from, step })
  }

  #agreedWith (peer: string, step: number): void {
    this.#agreedTo.set(peer, Math.max(step, this.#agreedTo.get(peer) ?? 0))
  }

  /** One question mends both sides, so that the smaller key asks it; the other one does where it was not heard. */
  #lack (from: string, step: number): void {
    this.#ports.report({ kind: 'lacking', from, step })
    if (this.#ports.peer < from || this.#lacked.has(from)) this.#self().inquire(from)
    this.#lacked.add(from)
  }

  #dispute (from: string): void {
    this.#once(from, () => {
      this.offer(from)
      this.#ports.send(EVERYONE, { kind: 'seek', heads: false })
    })
  }

  #once (to: string, tell: () => void): void {
    if (this.#answered.has(to)) return
    this.#answered.add(to)
    tell()
  }

  /** Weighs what somebody tells of his snapshot. Returns it where this peer is to go on from it. */
  weigh (from: string, offer: SnapshotOffer): Overruling | undefined {
    this.#offers.set(from, offer)
    const { ledger: { firstStep }, step } = this.#self()
    if (offer.step === 0 || offer.step < firstStep) return undefined
    const mine = offer.step > step ? undefined : this.#stateAt(offer.step)
    if (mine !== undefined && sameState(mine, offer)) {
      this.#agreedWith(from, offer.step)
      return undefined
    }
    const others = this.#ports.others()
    const by = others.filter(peer => sameState(offer, this.#offers.get(peer))).length
    if (offer.step > firstStep) return by >= Math.max(others.length / 2, Math.min(WITNESSES, others.length)) ? { offer, by } : undefined
    if (mine === undefined) return undefined
    const support = 1 + others.filter(peer => sameState(mine, this.#offers.get(peer))).length
    return by > support || (by === support && offer.fingerprint < mine.fingerprint) ? { offer, by } : undefined
  }

  offer (to: string): void {
    const { ledger } = this.#self()
    const { step, fingerprint, modelHash } = this.#stateAt(ledger.firstStep)
    const lengths = [ledger.counted(), ledger.open()].map(entries => entries.reduce((sum, { levels }) => sum + levels.length, 0)) as [number, number]
    this.#ports.send(to, { kind: 'offer', offer: { step, fingerprint, modelHash, heldFrom: ledger.held.step, bytes: lengths[0], openBytes: lengths[1] } })
  }

  tellHeads (to: string): void {
    const { ledger: { sealed: { step, heads } }, model: { startLimit: limit } } = this.#self()
    for (let at = 0; at === 0 || at < heads.length; at += HEADS_A_MESSAGE) {
      this.#ports.send(to, { kind: 'heads', part: { step, limit, total: heads.length, heads: heads.slice(at, at + HEADS_A_MESSAGE) } })
    }
  }
}

/** Whether two tell of the same bytes and the same weights at the same step. */
export function sameState (one: State, other: State | undefined): boolean {
  return one.step === other?.step && one.fingerprint === other.fingerprint && one.modelHash === other.modelHash
}
