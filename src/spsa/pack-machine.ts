import { reasonOf } from '../errors.ts'
import { hashWeights } from './weights-hash.ts'
import type { Entry } from './ledger-entry.ts'
import { fingerprintOf } from './ledger.ts'
import type { Ledger, LedgerRules } from './ledger.ts'
import { LedgerTalk } from './ledger-talk.ts'
import type { LedgerTalkPorts } from './ledger-talk.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import type { Pack } from './pack-model.ts'
import type { PackPlayer, PackPorts, PackReport } from './pack-player.ts'
import { NO_SUMS, beginOf, isWorthTelling, misfitOf, packsIn, snapshotOf, sumsOf } from './run-sums.ts'
import type { RunSums } from './run-sums.ts'
import type { ScalarMachine } from './scalar-machine.ts'
import type { StepState } from './step-states.ts'
import { readAll } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

export interface PackMachineRules {
  /** A window is a round. */
  readonly ledger: LedgerRules
  /** Rounds between two comparisons of ledgers and weights. */
  readonly checkEvery: number
}

/** A whole model as a few numbers, for methods that have such a state. */
export interface SumsPort {
  /** K whole numbers that all packs together are. */
  readonly read: () => Int32Array
  /** Begins with those of so many packs. @throws RangeError for sums that so many cannot have */
  readonly takeOver: (packs: number, sums: Int32Array) => void
}

export interface PackMachineParts {
  readonly player: PackPlayer
  readonly sums?: SumsPort | undefined
}

type CheckMessage = Extract<OneByteMessage, { kind: 'check' }>

/** A comparison looks so many rounds back: by then what nothing kept from anybody has arrived everywhere. */
const ROUNDS_BACK = 2
/** What a whole swarm sends while one state is on its way; what is lost is found by comparing. */
const MOST_EARLY = 256
/** A state asked for so often by one peer was lost or is not wanted: it gets the packs. */
const MOST_GIVEN = 3

/**
 * One peer of a method of rounds in a swarm: its packs are links of its signed chain, others' count once the ledger has admitted them, and what is missing is
 * found by comparing. All weights are a function of the set of packs that the ledger holds (`PackModel`).
 */
export class PackMachine implements ScalarMachine {
  readonly #rules: PackMachineRules
  readonly #ports: LedgerTalkPorts
  readonly #talk: LedgerTalk
  readonly #player: PackPlayer
  readonly #sums: SumsPort | undefined
  readonly #lacked = new Set<string>()
  readonly #checks = new Map<string, CheckMessage>()
  /** Whose sums were asked for. */
  readonly #asked = new Set<string>()
  readonly #early: Array<{ readonly from: string, readonly entry: Entry }> = []
  readonly #given = new Map<string, number>()
  #takenOver: RunSums | undefined
  /** Its pack of the round that ends. */
  #sent: Entry | undefined
  #round = 0
  #hasStarted = false
  #isOver = false

  /**
   * @param play makes the player of the method over the ports it is given
   * @param start sums that this peer took over before, in place of the packs that they stand for
   */
  constructor (play: (ports: PackPorts) => PackMachineParts, rules: PackMachineRules, ports: LedgerTalkPorts, start?: RunSums) {
    this.#rules = rules
    this.#ports = ports
    this.#talk = new LedgerTalk(rules.ledger, { ...ports, report: event => { this.#onLedger(event) } })
    const { player, sums } = play({
      peer: ports.peer,
      send: (pack, sent) => {
        this.#talk.publish(pack, entry => {
          this.#sent = entry
          sent()
        })
      },
      report: event => { this.#onPlayer(event) }
    })
    this.#player = player
    this.#sums = sums
    const why = start === undefined ? undefined : this.#begin(start)
    if (why !== undefined) throw new RangeError(why)
  }

  get ledger (): Ledger { return this.#talk.ledger }

  get weights (): WeightSource { return this.#player.model.weights }

  readWeights (read: (weights: Float32Array) => void): void { read(readAll(this.weights)) }

  /** Steps of training taken so far. */
  get step (): number { return this.#player.step }

  /** In one pass over the weights. */
  restore (entries: readonly Entry[]): void {
    for (const entry of entries) this.ledger.admit(entry)
    this.#player.receive(this.ledger.entries().map(packOf))
  }

  start (fromStep: number): void {
    const { ledger } = this
    const { peer } = this.#ports
    const isNew = ledger.headOf(peer).next === 0
    const step = isNew ? this.#takenOver === undefined ? fromStep : beginOf(ledger, this.#takenOver) : Math.max(ledger.reachOf(peer), this.#ownReachTakenOver())
    this.#hasStarted = true
    this.#takeEarly()
    this.#round = Math.ceil(step / this.#rules.ledger.window)
    this.#player.start(this.#round)
  }

  /** Takes no more steps, and still answers. */
  stop (): void { this.#player.stop() }

  /** Whatever arrives from somebody: in any order, twice, or never. */
  receive (from: string, message: OneByteMessage): void {
    switch (message.kind) {
      case 'pack': { this.#takePack(from, message.entry); return }
      case 'entries': { this.#talk.takeAsked(from, message.entries, this.#ledgerStep); return }
      case 'inquiry': { this.#talk.answer(from, message.inquiry); return }
      case 'sums-wanted': { this.#giveSums(from); return }
      case 'sums': { this.#takeSums(from, message.sums); return }
      // a run of rounds takes no snapshots
      case 'seek': case 'offer': case 'heads': return
      case 'check': {
        this.#checks.set(from, message)
        if (this.#isOver) this.#compareAll()
      }
    }
  }

  /** Asks what this peer lacks; whoever has nothing at all asks for the state first, which may be smaller. */
  inquire (to: string): void {
    if (this.#sums === undefined || !this.#isEmpty) this.#talk.inquire(to)
    else {
      this.#asked.add(to)
      this.#ports.send(to, { kind: 'sums-wanted' })
    }
  }

  /** Tells what this peer holds, so that whoever holds something else finds out. Of a run that is over, all of it. */
  compare (to: string): void { this.#sendCheck(to, this.#ledgerStep) }

  /** Everything held now, by its fingerprint, and the weights that it makes, by their hash. */
  state (told: (state: Omit<StepState, 'step'>) => void): void {
    const { ledger } = this
    told({ fingerprint: fingerprintOf({ step: ledger.firstStep, heads: ledger.heads() }), modelHash: hashWeights(this.#player.model.weightsBy(ledger.entries().map(packOf))) })
  }

  get #ledgerStep (): number { return this.#round * this.#rules.ledger.window }

  #onPlayer (event: PackReport): void {
    switch (event.kind) {
      case 'step': { this.#ports.report(event); return }
      case 'round': { this.#afterRound(event.round); return }
      case 'refused': { this.#ports.report(event); return }
      case 'ended': { this.#finish(event) }
    }
  }

  #onLedger (event: OneByteReport): void {
    if (event.kind === 'admitted' && event.entry.peer !== this.#ports.peer) this.#player.receive([packOf(event.entry)])
    if (event.kind === 'withdrawn') for (const entry of event.entries) this.#player.withdraw(packOf(entry))
    this.#ports.report(event)
  }

  #afterRound (round: number): void {
    this.#round = round
    if (this.#sent !== undefined) this.#ports.report({ kind: 'packed', entry: this.#sent })
    this.#talk.fillGaps(this.#ledgerStep)
    if (round % this.#rules.checkEvery === 0) this.#sendCheck(EVERYONE, Math.max(0, round - ROUNDS_BACK) * this.#rules.ledger.window)
    this.#compareAll()
  }

  #finish ({ how, reason }: Extract<PackReport, { kind: 'ended' }>): void {
    this.#isOver = true
    if (how === 'failed') this.#ports.report({ kind: 'failed', reason })
    else this.#ports.report({ kind: how === 'done' ? 'finished' : 'stopped', step: this.step })
    if (how === 'done') this.compare(EVERYONE)
  }

  #sendCheck (to: string, step: number): void {
    if (step >= this.#comparableFrom) this.#ports.send(to, { kind: 'check', step, ...this.#stateAt(step) })
  }

  /** What lies within sums that were taken over cannot be told apart any more. */
  get #comparableFrom (): number { return this.#takenOver?.until ?? 0 }

  #stateAt (step: number): Omit<StepState, 'step'> {
    const packs = this.ledger.entries().filter(({ firstStep }) => firstStep < step).map(packOf)
    return { fingerprint: fingerprintOf(this.ledger.snapshotAt(step)), modelHash: hashWeights(this.#player.model.weightsBy(packs)) }
  }

  #compareAll (): void {
    const states = new Map<number, Omit<StepState, 'step'>>()
    for (const [from, { step, fingerprint, modelHash }] of this.#checks) {
      if (step > this.#ledgerStep || step % this.#rules.ledger.window !== 0 || step < this.#comparableFrom) continue
      const mine = states.get(step) ?? this.#stateAt(step)
      states.set(step, mine)
      if (mine.fingerprint !== fingerprint) this.#lack(from, step)
      else if (mine.modelHash === modelHash) this.#agree(from, step)
      else this.#rebuild(from, step)
    }
    this.#checks.clear()
  }

  #agree (from: string, step: number): void {
    this.#lacked.delete(from)
    this.#ports.report({ kind: 'agreed', from, step })
  }

  /** One question mends both sides, so that the smaller key asks it; the other one does where it was not heard. */
  #lack (from: string, step: number): void {
    this.#ports.report({ kind: 'lacking', from, step })
    if (this.#ports.peer < from || this.#lacked.has(from)) this.#talk.inquire(from)
    this.#lacked.add(from)
  }

  #rebuild (from: string, step: number): void {
    this.#player.model.rebuild()
    this.#ports.report({ kind: 'rebuilt', from, step })
  }

  /** The state of the whole model in place of the packs, where it is the smaller one; else nothing, and the packs are there to be asked for. */
  #giveSums (to: string): void {
    const given = this.#given.get(to) ?? 0
    const mine = sumsOf(this.ledger, this.#sums?.read() ?? NO_SUMS.sums, this.#takenOver)
    const isGiven = given < MOST_GIVEN && (this.#takenOver !== undefined || isWorthTelling(mine, this.ledger.entries()))
    if (isGiven) this.#given.set(to, given + 1)
    this.#ports.send(to, { kind: 'sums', sums: isGiven ? mine : NO_SUMS })
  }

  #takeSums (from: string, sums: RunSums): void {
    if (!this.#asked.delete(from)) {
      this.#refuse(from, 'UNKNOWN_PEER', 'sums came that nobody asked for')
      return
    }
    if (sums.heads.length > 0 && this.#isEmpty) {
      const why = misfitOf(sums, this.#rules.ledger) ?? this.#begin(sums)
      if (why === undefined) this.#ports.report({ kind: 'took-over', from, sums })
      else this.#refuse(from, 'WRONG_STEP', why)
    }
    this.#takeEarly()
    this.#talk.inquire(from)
  }

  #refuse (from: string, code: string, reason: string): void { this.#ports.report({ kind: 'refused', from, code, reason }) }

  /** Nothing is known and nothing was begun: the moment to take over a state. */
  get #isEmpty (): boolean { return !this.#hasStarted && this.ledger.heads().length === 0 }

  /** A pack that comes while a state is on its way may be in it already. */
  #takePack (from: string, entry: Entry): void {
    if (this.#sums !== undefined && this.#isEmpty) {
      if (this.#early.length < MOST_EARLY) this.#early.push({ from, entry })
    } else this.#talk.takePack(from, entry, this.#ledgerStep)
  }

  #takeEarly (): void {
    for (const { from, entry } of this.#early.splice(0)) if (entry.index >= this.ledger.headOf(entry.peer).next) this.#talk.takePack(from, entry, this.#ledgerStep)
  }

  /** Takes sums over; why not, in a sentence, for such as no packs can have. */
  #begin (start: RunSums): string | undefined {
    try {
      this.#sums?.takeOver(packsIn(start), start.sums)
    } catch (error) {
      return reasonOf(error)
    }
    this.#takenOver = start
    this.#talk.takeOver(snapshotOf(start))
    return undefined
  }

  #ownReachTakenOver (): number {
    return this.#takenOver?.heads.some(({ peer }) => peer === this.#ports.peer) === true ? this.#takenOver.until : 0
  }
}

/** What an entry says to the model. */
export function packOf ({ peer, firstStep, levels, pool }: Entry): Pack {
  return { peer, firstStep, levels, pool: pool ?? new Uint16Array(levels.length) }
}
