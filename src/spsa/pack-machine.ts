import { reasonOf } from '../errors.ts'
import { Agreement } from './agreement.ts'
import type { AgreementPorts, AgreementRules } from './agreement.ts'
import { hashWeights } from './weights-hash.ts'
import type { Entry } from './ledger-entry.ts'
import { fingerprintOf } from './ledger.ts'
import type { Ledger, Snapshot } from './ledger.ts'
import type { Adoption, LedgerStart } from './ledger-start.ts'
import { LedgerTalk } from './ledger-talk.ts'
import type { LedgerTalkPorts } from './ledger-talk.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import type { Pack } from './pack-model.ts'
import type { PackPlayer, PackPorts, PackReport, PackStart } from './pack-player.ts'
import type { ScalarMachine } from './scalar-machine.ts'
import type { StepState } from './step-states.ts'
import { readAll } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

export type PackMachinePorts = LedgerTalkPorts & AgreementPorts

/** Scalars of a run of rounds are clipped by one limit throughout, which no snapshot has to tell. */
const NO_LIMIT = 0

/**
 * One peer of a method of rounds in a swarm: its packs are links of its signed chain, others' count once the ledger has admitted them, and what is missing is
 * found by comparing. All weights are a function of the set of packs that the ledger holds (`PackModel`), and of the last snapshot.
 */
export class PackMachine implements ScalarMachine {
  readonly #rules: AgreementRules
  readonly #ports: PackMachinePorts
  readonly #talk: LedgerTalk
  readonly #agreement: Agreement
  readonly #play: (ports: PackPorts, start?: PackStart) => PackPlayer
  #start: LedgerStart | undefined
  #player: PackPlayer
  /** Its pack of the round that ends, which the player counts by itself, and the entry that it became. */
  #sending: Pack | undefined
  #sent: Entry | undefined
  #round = 0
  #stepsBefore = 0
  #adoption: Adoption | undefined
  /** In a round, within which its weights must not move. */
  #isBusy = false
  #mustRebuild = false
  #isStopping = false
  #isOver = false

  /**
   * @param play makes the player of the method over the ports it is given, from what stands for packs that are not here
   * @param start where this peer begins; the weights of its snapshot are those that the player is given anyway
   */
  constructor (play: (ports: PackPorts, start?: PackStart) => PackPlayer, rules: AgreementRules, ports: PackMachinePorts, start?: LedgerStart) {
    this.#rules = rules
    this.#ports = ports
    this.#play = play
    this.#start = start
    this.#talk = new LedgerTalk(rules.ledger, { ...ports, report: event => { this.#onLedger(event) } }, start?.held)
    this.#player = this.#playFrom(start)
    this.#agreement = new Agreement(rules, ports, () => ({
      ledger: this.ledger, step: this.#ledgerStep, isOver: this.#isOver, inquire: to => { this.inquire(to) },
      // what the weights do not follow yet is added for the hash
      isInStep: () => true, hash: (before, found) => { found({ modelHash: hashWeights(this.#weightsBefore(before), NO_LIMIT), limit: NO_LIMIT }) }, sums: this.#start?.sums,
      rebuild: () => { this.#rebuild() }, overruled: overruling => { ports.report({ kind: 'overruled', ...overruling }) }
    }))
  }

  get ledger (): Ledger { return this.#talk.ledger }

  get weights (): WeightSource { return this.#player.model.weights }

  readWeights (read: (weights: Float32Array) => void): void { read(readAll(this.weights)) }

  /** Steps of training taken so far; another player that goes on from a snapshot when all is over takes none. */
  get step (): number { return Math.max(this.#stepsBefore, this.#player.step) }

  applied (): Entry[] { return this.ledger.counted() }

  /** In one pass over the weights. */
  restore (entries: readonly Entry[]): void {
    for (const entry of entries) this.ledger.admit(entry)
    if (this.#start !== undefined && !this.#seal(this.#start)) {
      this.#talk.takeOver(this.#start.snapshot)
      for (const entry of entries) this.ledger.admit(entry)
    }
    this.#player.receive(this.ledger.open().map(packOf))
  }

  /** False where the entries held do not lead to the snapshot: then nothing from before it is worth holding. */
  #seal ({ snapshot, held }: LedgerStart): boolean {
    try {
      this.ledger.compact(snapshot, held)
      return true
    } catch {
      return false
    }
  }

  start (fromStep: number): void {
    const isNew = this.ledger.headOf(this.#ports.peer).next === 0
    this.#begin(Math.ceil((isNew ? fromStep : this.ledger.reachOf(this.#ports.peer)) / this.#rules.ledger.window))
  }

  #begin (round: number): void {
    this.#round = round
    this.#isBusy = true
    this.#player.start(round)
  }

  /** Takes no more steps, and still answers. */
  stop (): void {
    this.#isStopping = true
    this.#player.stop()
  }

  /** Whatever arrives from somebody: in any order, twice, or never. */
  receive (from: string, message: OneByteMessage): void {
    switch (message.kind) {
      case 'pack': { this.#talk.takePack(from, message.entry, this.#ledgerStep); break }
      case 'entries': { this.#talk.takeAsked(from, message.entries, this.#ledgerStep); break }
      case 'inquiry': { if (this.#talk.answer(from, message.inquiry)) this.#agreement.offer(from); break }
      case 'check': { this.#agreement.compare(from, message); break }
      case 'seek': { if (message.heads) this.#agreement.tellHeads(from); else this.#agreement.offer(from); break }
      case 'offer': {
        this.#ports.report({ kind: 'offered', from, offer: message.offer })
        this.#agreement.weigh(from, message.offer)
        break
      }
      case 'heads': { this.#ports.report({ kind: 'told-heads', from, part: message.part }); break }
      case 'sums': { this.#ports.report({ kind: 'told-sums', from, step: message.step, sums: message.sums }) }
    }
    if (this.#isOver) this.#sealWhatCan()
  }

  /** Asks what this peer lacks and offers what others lack. */
  inquire (to: string): void { this.#talk.inquire(to) }

  seek (to: string, heads: boolean): void { this.#ports.send(to, { kind: 'seek', heads }) }

  /** Tells what this peer holds, so that whoever holds something else finds out. Of a run that is over, all of it. */
  compare (to: string): void {
    if (this.#isOver) this.#agreement.afterWhile()
    this.#agreement.sendCheck(to, Math.max(this.ledger.firstStep, this.#ledgerStep))
  }

  /** Everything held now, by its fingerprint, and the weights that it makes, by their hash. */
  state (told: (state: Omit<StepState, 'step'>) => void): void {
    told({ fingerprint: fingerprintOf({ step: 0, heads: this.ledger.heads() }), modelHash: hashWeights(this.#weightsBefore(Infinity)) })
  }

  adopt (adoption: Adoption): boolean {
    this.#adoption = adoption
    return this.#isBusy || this.#adopt()
  }

  get #ledgerStep (): number { return this.#round * this.#rules.ledger.window }

  #weightsBefore (step: number): WeightSource {
    return this.#player.model.weightsBy(this.ledger.open().filter(({ firstStep }) => firstStep < step).map(packOf))
  }

  /** A player that begins there, whom alone this peer listens to from now on. */
  #playFrom (start: LedgerStart | undefined, weights?: Float32Array): PackPlayer {
    const player: PackPlayer = this.#play({
      peer: this.#ports.peer,
      send: (pack, sent) => {
        this.#sending = pack
        this.#talk.publish(pack, entry => {
          this.#sending = undefined
          this.#sent = entry
          sent()
        })
      },
      report: event => { if (player === this.#player) this.#onPlayer(event) }
    }, start === undefined ? undefined : { step: start.snapshot.step, packs: packsIn(start.snapshot), weights, sums: start.sums })
    return player
  }

  #onPlayer (event: PackReport): void {
    switch (event.kind) {
      case 'step': case 'refused': { this.#ports.report(event); return }
      case 'round': { this.#afterRound(event.round); return }
      case 'ended': { this.#onEnd(event) }
    }
  }

  #onLedger (event: OneByteReport): void {
    if (event.kind === 'admitted') {
      this.#agreement.changed(event.entry.firstStep)
      const isSending = event.entry.peer === this.#ports.peer && event.entry.firstStep === this.#sending?.firstStep
      if (!isSending && !event.isLate) this.#player.receive([packOf(event.entry)])
    }
    if (event.kind === 'withdrawn') {
      this.#agreement.changed(event.fromStep)
      for (const entry of event.entries) this.#player.withdraw(packOf(entry))
    }
    this.#ports.report(event)
  }

  #afterRound (round: number): void {
    this.#round = round
    if (this.#sent !== undefined) this.#ports.report({ kind: 'packed', entry: this.#sent })
    if (this.#mustRebuild) this.#player.model.rebuild()
    this.#mustRebuild = false
    this.#talk.fillGaps(this.#ledgerStep)
    this.#agreement.afterPack()
    this.#sealWhatCan()
    if (this.#adoption !== undefined) this.#player.stop()
  }

  #onEnd ({ how, reason }: Extract<PackReport, { kind: 'ended' }>): void {
    this.#isBusy = false
    if (how === 'stopped' && !this.#isStopping && this.#adoption !== undefined) {
      this.#adopt()
      this.#begin(Math.max(this.#round, this.ledger.firstStep / this.#rules.ledger.window))
      return
    }
    this.#isOver = true
    if (how === 'failed') this.#ports.report({ kind: 'failed', reason })
    else this.#ports.report({ kind: how === 'done' ? 'finished' : 'stopped', step: this.step })
    if (how === 'done') this.compare(EVERYONE)
  }

  #rebuild (): void {
    if (this.#isBusy) this.#mustRebuild = true
    else this.#player.model.rebuild()
  }

  #sealWhatCan (): void {
    while (this.#agreement.isSealable()) this.#compact()
  }

  /** What enough others have made the same of becomes a snapshot; entries of the one before it are forgotten. */
  #compact (): void {
    const step = this.#agreement.boundary
    const agreed = this.#agreement.agreed
    const [snapshot, held] = [this.ledger.snapshotAt(step), this.ledger.sealed]
    const forgotten = this.ledger.compact(snapshot, held)
    const { weights, sums } = this.#player.compact(step)
    this.#start = { model: { step, limit: NO_LIMIT }, snapshot, held, sums }
    this.#agreement.sealed()
    this.#ports.report({ kind: 'sealed', start: this.#start, weights, forgotten, agreed })
  }

  /** Another player goes on from there, and from what this peer holds of later steps; from what it had where that makes other weights than were told. */
  #adopt (): boolean {
    const { weights, start, modelHash } = this.#adoption as Adoption
    this.#adoption = undefined
    const before = this.ledger
    this.#stepsBefore = this.step
    const why = this.#misfitOf(start, weights, modelHash)
    if (why !== undefined) {
      this.#ports.report({ kind: 'refused', from: this.#ports.peer, code: 'WRONG_STEP', reason: why })
      this.#player = this.#playFrom(this.#start)
      this.#player.receive(before.open().map(packOf))
      return false
    }
    this.#talk.takeOver(start.snapshot)
    for (const entry of before.entries()) this.ledger.admit(entry)
    this.#player.receive(this.ledger.open().map(packOf))
    this.#start = start
    this.#agreement.restarted()
    this.#ports.report({ kind: 'adopted', start, weights })
    return true
  }

  /** Plays from a snapshot; why it is none, in a sentence. */
  #misfitOf (start: LedgerStart, weights: Float32Array | undefined, modelHash: string): string | undefined {
    try {
      this.#player = this.#playFrom(start, weights)
    } catch (error) {
      return reasonOf(error)
    }
    return hashWeights(this.#player.model.weights, NO_LIMIT) === modelHash ? undefined : 'a snapshot makes other weights than were told of it'
  }
}

/** What an entry says to the model. */
export function packOf ({ peer, firstStep, levels, pool }: Entry): Pack {
  return { peer, firstStep, levels, pool: pool ?? new Uint16Array(levels.length) }
}

/** Packs that a snapshot stands for, or more: late ones count nothing. */
export function packsIn ({ heads }: Snapshot): number {
  return heads.reduce((sum, { next }) => sum + next, 0)
}
