import type { ScalarOutcome, ScalarRequest } from '../ports.ts'
import { Agreement } from './agreement.ts'
import { Intake } from './intake.ts'
import type { Entry } from './ledger-entry.ts'
import { fingerprintOf } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { Adoption, LedgerStart } from './ledger-start.ts'
import { LedgerTalk } from './ledger-talk.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { Bytes, ModelAnswers, ModelTaskKind, ModelTaskOf } from './model-worker.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import type { OneBytePorts, OneByteRules } from './one-byte-ports.ts'
import { ONE_A_STEP } from './places.ts'
import type { Places } from './places.ts'
import { ABSTAIN } from './scalar-codec.ts'
import type { ScalarMachine } from './scalar-machine.ts'
import { seedOfStep } from './seeds.ts'
import type { StepState } from './step-states.ts'


/**
 * One peer of Just One Byte: evaluate the own batch at θ ± ε·z(own seed), keep one byte of the projected gradient, and sign and send a pack of
 * them after each window, when they count for this peer as for everybody else. All weights are a function of the set of packs held (`ByteModel`); they are kept elsewhere
 * (`ModelWorker`), and whatever moves or reads them has its turn there.
 */
export class OneBytePeer implements ScalarMachine {
  readonly #rules: OneByteRules
  readonly #places: Places
  readonly #ports: OneBytePorts
  readonly #start: LedgerStart | undefined
  readonly #talk: LedgerTalk
  readonly #intake = new Intake()
  readonly #agreement: Agreement
  #pack: number[] = []
  /** Place in the ledger that comes next: the start of a step. */
  #place = 0
  #stopping = false
  #isMeasuring = false
  #isOver = false
  #adoption: Adoption | undefined

  constructor (rules: OneByteRules, ports: OneBytePorts, start?: LedgerStart) {
    this.#rules = rules
    this.#places = rules.places ?? ONE_A_STEP
    this.#ports = ports
    this.#start = start
    this.#talk = new LedgerTalk(rules.ledger, { ...ports, report: event => { this.#onLedger(event) } }, start?.held)
    this.#agreement = new Agreement({ ...rules, epochSteps: rules.model.epochSteps }, ports, () => ({
      ledger: this.ledger, step: this.#place, isOver: this.#isOver, isInStep: this.#intake.isEmpty && this.#adoption === undefined, inquire: to => { this.inquire(to) },
      hash: (before, found) => { this.#ask({ kind: 'hash', before }, found) },
      rebuild: () => { this.#ask({ kind: 'rebuild' }) },
      overruled: overruling => { ports.report({ kind: 'overruled', ...overruling }) }
    }))
    if (start !== undefined) this.#ask({ kind: 'begin', start: start.model })
  }

  get ledger (): Ledger { return this.#talk.ledger }

  /** Steps taken so far. */
  get step (): number { return this.#places.stepAt(this.#place) }

  /** The weights of what is applied by now; not called back where whoever keeps them is gone, which is reported as a failure. */
  readWeights (read: (weights: Float32Array) => void): void { this.#ask({ kind: 'read' }, read) }

  /** What the weights are made of by now: what came since the last forward pass waits for the next one. */
  applied (): Entry[] {
    const waiting = new Set(this.#intake.added)
    return this.ledger.counted().filter(entry => !waiting.has(entry))
  }

  /** Takes over entries that were kept, in the order of each chain and without a word, in one pass over the weights. Before `start`. */
  restore (entries: readonly Entry[]): void {
    for (const entry of entries) this.ledger.admit(entry)
    if (this.#start !== undefined && !this.#seal(this.#start)) {
      this.#talk.takeOver(this.#start.snapshot)
      for (const entry of entries) this.ledger.admit(entry)
    }
    this.#intake.begin(this.ledger.open())
    this.#catchUp()
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

  /**
   * Goes on from a snapshot that others took, checked by its hashes, instead of from what this peer had before that step; what it holds of later steps stays, and its own
   * chain goes on. At once, or after the forward passes under way.
   */
  adopt (adoption: Adoption): boolean {
    this.#adoption = adoption
    if (!this.#isMeasuring) this.#catchUp()
    return true
  }

  #adopt ({ weights, start }: Adoption): void {
    const held = this.ledger.entries()
    this.#talk.takeOver(start.snapshot)
    this.#ask({ kind: 'begin', start: start.model, weights })
    for (const entry of held) this.ledger.admit(entry)
    this.#intake.begin(this.ledger.open())
    this.#agreement.restarted()
    if (this.#place < start.snapshot.step) {
      this.#pack = []
      this.#place = this.ledger.firstStep
    }
    this.#ports.report({ kind: 'adopted', start, weights })
  }

  /** Steps until the run's end or `stop`, from the own chain's end on, or from `fromStep` where that is later. Call it once. */
  start (fromStep = 0): void {
    this.#place = Math.max(fromStep, this.ledger.reachOf(this.#ports.peer))
    if (this.#place >= this.#rules.ledger.steps) this.#finish()
    else this.#next()
  }

  #next (): void {
    if (this.#stopping) {
      this.#leave()
      return
    }
    this.#isMeasuring = true
    const { step } = this
    const directions = Array.from({ length: this.#places.perStep }, (_, index) => ({ seed: seedOfStep(this.#rules.ledger.runId, this.#place + index, this.#ports.peer) }))
    const epsilon = this.#rules.epsilon(step)
    this.#ports.measure({ step, epsilon, directions }, outcome => { this.#measured({ step, epsilon }, outcome) })
  }

  /** Takes no more steps, sends what it has measured, and still answers. */
  stop (): void {
    this.#stopping = true
  }

  /** ĝ = (L(θ+εz) − L(θ−εz)) / 2ε (Spall 1992; MeZO, definition 1). A loss that is no number abstains. */
  #measured ({ step, epsilon }: Pick<ScalarRequest, 'step' | 'epsilon'>, outcome: ScalarOutcome): void {
    this.#isMeasuring = false
    const isLeftBehind = this.#adoption !== undefined && this.#place < this.#adoption.start.snapshot.step
    this.#catchUp()
    if (isLeftBehind && outcome.kind === 'measured') {
      this.#next()
      return
    }
    if (outcome.kind === 'stopped') this.#leave()
    if (outcome.kind === 'failed') this.#ports.report({ kind: 'failed', reason: outcome.reason })
    if (outcome.kind !== 'measured') return
    const { ledger: { window, steps } } = this.#rules
    const levels = Array.from({ length: this.#places.perStep }, (_, index) => this.#levelOf(outcome.losses[index], epsilon))
    this.#pack.push(...levels)
    this.#place += levels.length
    this.#ports.report({ kind: 'step', step, loss: meanLoss(outcome.losses), tokens: outcome.tokens })
    if (this.#place % window === 0 || this.#place === steps) this.#sendPack(() => { this.#afterPack() })
    else this.#next()
  }

  #levelOf ({ above, below } = { above: NaN, below: NaN }, epsilon: number): number {
    const scalar = (above - below) / (2 * epsilon)
    return Number.isFinite(scalar) ? this.#rules.model.codec.encode(this.#ports.disclose?.(scalar) ?? scalar) : ABSTAIN
  }

  #afterPack (): void {
    const { ledger: { steps } } = this.#rules
    this.#talk.fillGaps(this.#place)
    this.#agreement.afterPack()
    this.#sealWhatCan()
    if (this.#place === steps) this.#finish()
    else this.#next()
  }

  #sealWhatCan (): void {
    while (this.#agreement.isSealable()) this.#compact()
  }

  /** An epoch that enough others have made the same of becomes a snapshot; entries of the one before it are forgotten. */
  #compact (): void {
    const step = this.#agreement.boundary
    const agreed = this.#agreement.agreed
    const [snapshot, held] = [this.ledger.snapshotAt(step), this.ledger.sealed]
    const forgotten = this.ledger.compact(snapshot, held)
    this.#agreement.sealed()
    this.#ask({ kind: 'seal', step }, ({ weights, ...model }) => { this.#ports.report({ kind: 'sealed', start: { model, snapshot, held }, weights, forgotten, agreed }) })
  }

  #sendPack (sent: () => void): void {
    if (this.#pack.length === 0) {
      sent()
      return
    }
    const draft = { firstStep: this.#place - this.#pack.length, levels: Int8Array.from(this.#pack), pool: undefined }
    this.#pack = []
    this.#talk.publish(draft, entry => {
      this.#catchUp()
      this.#ports.report({ kind: 'packed', entry })
      sent()
    })
  }

  #leave (): void {
    this.#isOver = true
    this.#sendPack(() => { this.#ports.report({ kind: 'stopped', step: this.step }) })
  }

  #finish (): void {
    this.#isOver = true
    this.#ports.report({ kind: 'finished', step: this.step })
    this.compare(EVERYONE)
  }

  /** The step after every byte that there can be: where peers that are done compare. */
  get #end (): number {
    const { window, steps } = this.#rules.ledger
    return Math.ceil(steps / window) * window
  }

  /** Tells what this peer holds, so that whoever holds something else finds out. Of a run that is over, all of it. */
  compare (to: string): void {
    if (this.#isOver) this.#agreement.afterWhile()
    this.#agreement.sendCheck(to, this.#place >= this.#rules.ledger.steps ? this.#end : Math.floor(this.#place / this.#rules.ledger.window) * this.#rules.ledger.window)
  }

  /** Everything held now, by its fingerprint, and the weights that it makes, by their hash. */
  state (told: (state: Omit<StepState, 'step'>) => void): void {
    const fingerprint = fingerprintOf({ step: 0, heads: this.ledger.heads() })
    this.#ask({ kind: 'hash', before: Infinity }, ({ modelHash }) => { told({ fingerprint, modelHash }) })
  }

  /** Asks what it lacks and offers what others lack. */
  inquire (to: string): void { this.#talk.inquire(to) }

  /** Whatever arrives from somebody: in any order, twice, or never. */
  receive (from: string, message: OneByteMessage): void {
    switch (message.kind) {
      case 'pack': { this.#talk.takePack(from, message.entry, this.#place); break }
      case 'entries': { this.#talk.takeAsked(from, message.entries, this.#place); break }
      case 'inquiry': { if (this.#talk.answer(from, message.inquiry)) this.#agreement.offer(from); break }
      case 'check': { this.#agreement.compare(from, message); break }
      case 'seek': { if (message.heads) this.#agreement.tellHeads(from); else this.#agreement.offer(from); break }
      case 'offer': {
        this.#ports.report({ kind: 'offered', from, offer: message.offer })
        this.#agreement.weigh(from, message.offer)
        break
      }
      case 'heads': { this.#ports.report({ kind: 'told-heads', from, part: message.part }); break }
      default: this.#ports.report({ kind: 'refused', from, code: 'WRONG_STEP', reason: 'this run has no seed pool whose sums could be told' })
    }
    if (!this.#isMeasuring) this.#catchUp()
  }

  /** Asks what snapshot somebody has, or for its chains. */
  seek (to: string, heads: boolean): void {
    this.#ports.send(to, { kind: 'seek', heads })
  }

  #onLedger (event: OneByteReport): void {
    if (event.kind === 'admitted' && !event.isLate) this.#intake.add(event.entry)
    if (event.kind === 'withdrawn') this.#intake.withdraw(event.entries, event.fromStep)
    this.#ports.report(event)
  }

  /** Lets the weights follow the ledger. What was cut from a chain never returns, so additions come first. */
  #catchUp (): void {
    if (this.#adoption !== undefined) this.#adopt(this.#adoption)
    this.#adoption = undefined
    const { added, withdrawn, fromStep } = this.#intake.take()
    if (fromStep < Infinity) this.#agreement.changed(fromStep)
    if (added.length + withdrawn.length > 0) this.#ask({ kind: 'move', added: added.map(bytesOf), withdrawn: withdrawn.map(bytesOf) })
    this.#agreement.goOn()
    if (this.#isOver) this.#sealWhatCan()
  }

  #ask<Kind extends ModelTaskKind> (task: ModelTaskOf<Kind>, done: (answer: ModelAnswers[Kind]) => void = () => undefined): void {
    this.#ports.model.ask(task, result => {
      if (result.kind === 'done') done(result.value)
      else this.#ports.report({ kind: 'failed', reason: result.reason })
    })
  }
}

/** What an entry says to the model. */
function bytesOf ({ peer, firstStep, levels }: Entry): Bytes {
  return { peer, firstStep, levels }
}

function meanLoss (losses: ReadonlyArray<{ readonly above: number, readonly below: number }>): number {
  return losses.reduce((sum, { above, below }) => sum + (above + below) / 2, 0) / losses.length
}
