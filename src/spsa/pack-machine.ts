import { reasonOf } from '../errors.ts'
import { Agreement } from './agreement.ts'
import type { AgreementPorts, AgreementRules } from './agreement.ts'
import { hear } from './hearing.ts'
import type { Entry } from './ledger-entry.ts'
import { fingerprintOf } from './ledger.ts'
import type { Ledger, Snapshot } from './ledger.ts'
import type { Adoption, LedgerStart } from './ledger-start.ts'
import { LedgerTalk } from './ledger-talk.ts'
import type { LedgerTalkPorts } from './ledger-talk.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import { NO_LIMIT } from './pack-keeper.ts'
import type { PackAnswers, PackKeeper, PackTask } from './pack-keeper.ts'
import type { Pack } from './pack-model.ts'
import type { PackPlayer, PackPorts, PackReport, PackStart } from './pack-player.ts'
import type { ScalarMachine } from './scalar-machine.ts'
import type { StepState } from './step-states.ts'
import { asking } from './task-worker.ts'
import type { Ask } from './task-worker.ts'

export type PackMachinePorts = LedgerTalkPorts & AgreementPorts & { readonly keeper: PackKeeper }

/**
 * One peer of a method of rounds in a swarm: its packs are links of its signed chain, others' count once the ledger has admitted them, and what is missing is
 * found by comparing. All weights are a function of the set of packs that the ledger holds (`PackModel`), and of the last snapshot.
 */
export class PackMachine implements ScalarMachine {
  readonly #rules: AgreementRules
  readonly #ports: PackMachinePorts
  readonly #talk: LedgerTalk
  readonly #agreement: Agreement
  readonly #ask: Ask<PackTask, PackAnswers>
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
  /** It is being found out whether a snapshot makes what was told of it. */
  #isAdopting = false
  /** Asked for meanwhile: the ledger and the weights belong to different snapshots. */
  #askedMeanwhile: Array<() => void> = []
  #isStopping = false
  #isOver = false

  /**
   * @param play makes the player of the method over the ports it is given, from what stands for packs that are not here
   * @param start where this peer begins; the weights of its snapshot are those that the keeper begins with anyway
   */
  constructor (play: (ports: PackPorts, start?: PackStart) => PackPlayer, rules: AgreementRules, ports: PackMachinePorts, start?: LedgerStart) {
    this.#rules = rules
    this.#ports = ports
    this.#play = play
    this.#ask = asking(ports.keeper, reason => { ports.report({ kind: 'failed', reason }) })
    this.#start = start
    this.#talk = new LedgerTalk(rules.ledger, { ...ports, report: event => { this.#onLedger(event) } }, start?.held)
    this.#player = this.#playFrom(start)
    if (start !== undefined) this.#ask({ kind: 'begin', start: packStartOf(start) })
    this.#agreement = new Agreement(rules, ports, () => ({
      ledger: this.ledger, step: this.#ledgerStep, isOver: this.#isOver, inquire: to => { this.inquire(to) },
      // what the weights do not follow yet is added for the hash
      isInStep: () => !this.#isAdopting, hash: (before, found) => { this.#hash(before, NO_LIMIT, modelHash => { found({ modelHash, limit: NO_LIMIT }) }) }, sums: this.#start?.sums,
      rebuild: () => { this.#ask({ kind: 'rebuild' }) }, overruled: overruling => { ports.report({ kind: 'overruled', ...overruling }) }
    }))
  }

  get ledger (): Ledger { return this.#talk.ledger }

  readWeights (read: (weights: Float32Array) => void): void { this.#ask({ kind: 'read' }, read) }

  /** Steps of training taken so far; another player that goes on from a snapshot when all is over takes none. */
  get step (): number { return Math.max(this.#stepsBefore, this.#player.step) }

  applied (): Entry[] { return this.ledger.counted() }

  /** In one pass over the weights. */
  restore (entries: readonly Entry[]): void {
    this.#talk.restore(entries, this.#start)
    this.#player.receive(this.ledger.open().map(packOf))
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
    hear(from, message, { talk: this.#talk, agreement: this.#agreement, step: this.#ledgerStep, report: this.#ports.report, hasSums: true })
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
    if (this.#isAdopting) {
      this.#askedMeanwhile.push(() => { this.state(told) })
      return
    }
    const fingerprint = fingerprintOf({ step: 0, heads: this.ledger.heads() })
    this.#hash(Infinity, undefined, modelHash => { told({ fingerprint, modelHash }) })
  }

  adopt (adoption: Adoption, taken: (isTaken: boolean) => void): void {
    if (this.#isBusy || this.#isAdopting) {
      this.#adoption = adoption
      taken(true)
    } else this.#adopt(adoption, taken)
  }

  get #ledgerStep (): number { return this.#round * this.#rules.ledger.window }

  #hash (before: number, limit: number | undefined, found: (modelHash: string) => void): void {
    this.#ask({ kind: 'hash', packs: this.ledger.open().filter(({ firstStep }) => firstStep < before).map(packOf), limit }, found)
  }

  /** A player that begins there, whom alone this peer listens to from now on. */
  #playFrom (start: LedgerStart | undefined): PackPlayer {
    const player: PackPlayer = this.#play({
      peer: this.#ports.peer, keeper: this.#ports.keeper,
      send: (pack, sent) => {
        this.#sending = pack
        this.#talk.publish(pack, entry => {
          this.#sending = undefined
          this.#sent = entry
          sent()
        })
      },
      report: event => { if (player === this.#player) this.#onPlayer(event) }
    }, start && packStartOf(start))
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
      if (!isSending && !event.isLate && !this.#isAdopting) this.#player.receive([packOf(event.entry)])
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
    this.#talk.fillGaps(this.#ledgerStep)
    this.#agreement.afterPack()
    this.#sealWhatCan()
    if (this.#adoption !== undefined) this.#player.stop()
  }

  #onEnd ({ how, reason }: Extract<PackReport, { kind: 'ended' }>): void {
    this.#isBusy = false
    if (how === 'stopped' && !this.#isStopping && this.#adoption !== undefined) {
      this.#adopt(this.#adoption, () => { this.#begin(Math.max(this.#round, this.ledger.firstStep / this.#rules.ledger.window)) })
      return
    }
    this.#isOver = true
    if (how === 'failed') this.#ports.report({ kind: 'failed', reason })
    else this.#ports.report({ kind: how === 'done' ? 'finished' : 'stopped', step: this.step })
    if (how === 'done') this.compare(EVERYONE)
  }

  #sealWhatCan (): void {
    while (!this.#isAdopting && this.#agreement.isSealable()) this.#compact()
  }

  /** What enough others have made the same of becomes a snapshot; entries of the one before it are forgotten. */
  #compact (): void {
    const { boundary: step, agreed } = this.#agreement
    const { snapshot, held, forgotten } = this.#talk.seal(step)
    this.#player.compact(step, ({ weights, sums }) => {
      this.#start = { model: { step, limit: NO_LIMIT }, snapshot, held, sums }
      this.#ports.report({ kind: 'sealed', start: this.#start, weights, forgotten, agreed })
    })
    this.#agreement.sealed()
  }

  /** Another player goes on from there, and from what this peer holds of later steps; from what it has where that makes other weights than were told. */
  #adopt ({ weights, start, modelHash }: Adoption, taken: (isTaken: boolean) => void): void {
    this.#adoption = undefined
    this.#stepsBefore = this.step
    const player = this.#tried(start)
    const goOn = (why: string | undefined): void => {
      this.#isAdopting = false
      if (why === undefined && typeof player !== 'string') {
        this.#talk.goOnFrom(start.snapshot)
        this.#agreement.restarted()
        ;[this.#start, this.#player] = [start, player]
      } else {
        this.#ports.report({ kind: 'refused', from: this.#ports.peer, code: 'WRONG_STEP', reason: why ?? '' })
        this.#player = this.#playFrom(this.#start)
      }
      this.#player.receive(this.ledger.open().map(packOf))
      if (this.#isStopping) this.#player.stop()
      if (why === undefined) this.#ports.report({ kind: 'adopted', start, weights })
      taken(why === undefined)
      this.#agreement.goOn()
      for (const tell of this.#askedMeanwhile.splice(0)) tell()
      if (this.#adoption !== undefined && !this.#isBusy) this.#adopt(this.#adoption, () => undefined)
    }
    this.#isAdopting = true
    if (typeof player === 'string') goOn(player)
    else this.#ask({ kind: 'begin', start: { ...packStartOf(start), weights }, modelHash }, goOn, goOn)
  }

  /** A player that begins there, or why none can. */
  #tried (start: LedgerStart): PackPlayer | string {
    try {
      return this.#playFrom(start)
    } catch (error) {
      return reasonOf(error)
    }
  }
}

function packStartOf ({ snapshot, sums }: LedgerStart): PackStart {
  return { step: snapshot.step, packs: packsIn(snapshot), sums }
}

/** What an entry says to the model. */
export function packOf ({ peer, firstStep, levels, pool }: Entry): Pack {
  return { peer, firstStep, levels, pool: pool ?? new Uint16Array(levels.length) }
}

/** Packs that a snapshot stands for, or more: late ones count nothing. */
export function packsIn ({ heads }: Snapshot): number {
  return heads.reduce((sum, { next }) => sum + next, 0)
}
