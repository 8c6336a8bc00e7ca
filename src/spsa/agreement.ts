import { endOf } from './ledger.ts'
import type { LedgerRules } from './ledger.ts'
import type { LedgerTalkPorts } from './ledger-talk.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, SnapshotOffer } from './one-byte-messages.ts'
import { StepStates, sameState } from './step-states.ts'
import type { OwnState, StateSource, StepState } from './step-states.ts'

export interface AgreementRules {
  readonly ledger: LedgerRules
  /** Steps, a multiple of the window, between two comparisons. */
  readonly checkEvery: number
  /** Steps between two snapshots. */
  readonly epochSteps: number
}

export interface AgreementPorts extends Pick<LedgerTalkPorts, 'peer' | 'send' | 'report'> {
  /** Keys of the others who are there: nothing is forgotten that they could still contradict. */
  readonly others: () => readonly string[]
}

/** What a peer knows when it compares. */
export interface Agreeing extends StateSource {
  /** What the last snapshot is in place of weights, where it is that. */
  readonly sums?: Int32Array | undefined
  /** Steps taken. */
  readonly step: number
  readonly isOver: boolean
  /** Asks somebody for what this peer lacks. */
  readonly inquire: (to: string) => void
  /** Makes the weights anew from the bytes. */
  readonly rebuild: () => void
  /** Told of a snapshot that this peer is to go on from. */
  readonly overruled: (overruling: Overruling) => void
}

/** A snapshot that most others went on from, and how many of them told so. */
export interface Overruling {
  readonly offer: SnapshotOffer
  readonly by: number
}

export type CheckMessage = Extract<OneByteMessage, { kind: 'check' }>

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
  readonly #rules: AgreementRules
  readonly #ports: AgreementPorts
  readonly #self: () => Agreeing
  readonly #states: StepStates
  /** Up to which step others have told the same as this peer has: who has the same at a step has it at all earlier ones. */
  readonly #agreedTo = new Map<string, number>()
  readonly #lacked = new Set<string>()
  /** Told something once since this peer's last pack: two who answer each other never end else. */
  readonly #answered = new Set<string>()
  #isBoundaryTold = false
  readonly #offers = new Map<string, SnapshotOffer>()

  constructor (rules: AgreementRules, ports: AgreementPorts, self: () => Agreeing) {
    this.#rules = rules
    this.#ports = ports
    this.#self = self
    this.#states = new StepStates(self)
  }

  /** Bytes came or went, of no step before `fromStep`. */
  changed (fromStep: number): void {
    this.#states.changed(fromStep)
    // what a snapshot stands for never changes
    const since = Math.max(fromStep, this.#self().ledger.firstStep)
    for (const [peer, step] of this.#agreedTo) this.#agreedTo.set(peer, Math.min(step, since))
    if (fromStep < this.boundary) this.#isBoundaryTold = false
  }

  /** This peer goes on from another snapshot. */
  restarted (): void {
    this.#agreedTo.clear()
    this.changed(0)
    this.#states.distrust()
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
    this.#states.want(`check ${to} ${step}`, step, ({ fingerprint, modelHash }) => { this.#ports.send(to, { kind: 'check', step, fingerprint, modelHash }) })
  }

  /** The step after which the next snapshot stands. */
  get boundary (): number {
    return this.#self().ledger.firstStep + this.#rules.epochSteps
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
    const { epochSteps, ledger: { window } } = this.#rules
    if (step < this.boundary + WINDOWS_BACK * window) return false
    if (!this.#isBoundaryTold) this.sendCheck(EVERYONE, this.boundary)
    this.#isBoundaryTold = true
    const open = this.#open()
    if (open.length === 0) return true
    const isPatient = step < this.boundary + WINDOWS_BACK * window + PATIENCE_EPOCHS * epochSteps && !open.every(other => this.#isBeyond(other))
    return !isPatient && open.length < this.#overruling
  }

  /** Somebody who went on from a snapshot of his own is waited for in vain: he never tells anything else of what came before it. */
  #isBeyond (peer: string): boolean {
    return (this.#offers.get(peer)?.step ?? 0) >= this.boundary
  }

  /** Others whose same word overrules this peer. */
  get #overruling (): number {
    const { length } = this.#ports.others()
    return Math.max(length / 2, Math.min(WITNESSES, length))
  }

  /** The boundary is sealed, and is where the ledger begins now. */
  sealed (): void {
    this.#states.sealed()
    this.#isBoundaryTold = false
  }

  /** The weights follow the ledger again: what waits for that goes on. */
  goOn (): void { this.#states.goOn() }

  /** Compares what somebody told of himself with what this peer has. */
  compare (from: string, check: CheckMessage): void {
    const { step } = check
    const { ledger, isOver, step: taken } = this.#self()
    const { window } = this.#rules.ledger
    if (step > (isOver ? endOf(this.#rules.ledger) : taken) || step % window !== 0 || !(step >= 0)) return
    if (step < ledger.firstStep) this.#once(from, () => { this.offer(from) })
    else this.#states.want(`compare ${from} ${step}`, step, mine => { this.#hold(mine, from, check) })
  }

  /** Where weights differ although bytes do not, this peer's are made anew. */
  #hold (mine: OwnState, from: string, check: CheckMessage): void {
    const { step } = check
    const { ledger: { firstStep }, rebuild } = this.#self()
    if (sameState(mine, check)) this.#agree(from, step)
    else if (step === firstStep && step > 0) this.#dispute(from)
    else if (mine.fingerprint !== check.fingerprint) this.#lack(from, step)
    else {
      this.#states.distrust()
      this.#ports.report({ kind: 'rebuilt', from, step })
      rebuild()
      if (firstStep > 0) this.#dispute(from)
    }
  }

  #agree (from: string, step: number): void {
    this.#lacked.delete(from)
    // the snapshot of another one that it told of before is no longer its own
    if ((this.#offers.get(from)?.step ?? Infinity) <= step) this.#offers.delete(from)
    const isRepeated = (this.#agreedTo.get(from) ?? 0) >= step
    this.#agreedWith(from, step)
    // whoever says it again has not heard this peer say it
    if (isRepeated && step > 0 && step % this.#rules.epochSteps === 0) this.#once(from, () => { this.sendCheck(from, step) })
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

  /** Weighs what somebody tells of his snapshot. */
  weigh (from: string, offer: SnapshotOffer): void {
    this.#offers.set(from, offer)
    const { ledger: { firstStep }, step } = this.#self()
    if (offer.step === 0 || offer.step < firstStep) return
    if (offer.step > step) this.#judge(from, offer, undefined)
    else this.#states.want(`weigh ${from}`, offer.step, mine => { this.#judge(from, offer, mine) })
  }

  #judge (from: string, offer: SnapshotOffer, mine: StepState | undefined): void {
    const { ledger: { firstStep }, overruled } = this.#self()
    if (mine !== undefined && sameState(mine, offer)) {
      this.#agreedWith(from, offer.step)
      return
    }
    const others = this.#ports.others()
    const by = others.filter(peer => sameState(offer, this.#offers.get(peer))).length
    if (offer.step > firstStep) {
      if (by >= this.#overruling) overruled({ offer, by })
      return
    }
    if (mine === undefined) return
    const support = 1 + others.filter(peer => this.#supports(peer, mine)).length
    if (by > support || (by === support && offer.fingerprint < mine.fingerprint)) overruled({ offer, by })
  }

  /** Whoever agreed since is known to have the same: peers of one side do not tell each other their snapshots. */
  #supports (peer: string, mine: StepState): boolean {
    const offer = this.#offers.get(peer)
    return offer === undefined || offer.step < mine.step ? (this.#agreedTo.get(peer) ?? 0) >= mine.step : sameState(mine, offer)
  }

  offer (to: string): void {
    this.#states.want(`offer ${to}`, this.#self().ledger.firstStep, ({ step, fingerprint, modelHash }) => {
      const { ledger } = this.#self()
      const lengths = [ledger.counted(), ledger.open()].map(entries => entries.reduce((sum, { levels }) => sum + levels.length, 0)) as [number, number]
      this.#ports.send(to, { kind: 'offer', offer: { step, fingerprint, modelHash, heldFrom: ledger.held.step, bytes: lengths[0], openBytes: lengths[1] } })
    })
  }

  tellHeads (to: string): void {
    this.#states.want(`heads ${to}`, this.#self().ledger.firstStep, ({ step, limit }) => {
      const { sums, ledger: { sealed: { heads } } } = this.#self()
      for (let at = 0; at === 0 || at < heads.length; at += HEADS_A_MESSAGE) {
        this.#ports.send(to, { kind: 'heads', part: { step, limit, total: heads.length, heads: heads.slice(at, at + HEADS_A_MESSAGE) } })
      }
      if (sums !== undefined) this.#ports.send(to, { kind: 'sums', step, sums })
    })
  }
}
