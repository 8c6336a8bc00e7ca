import type { ScalarOutcome, ScalarRequest } from '../ports.ts'
import { Agreement } from './agreement.ts'
import { meanLoss } from './direction-losses.ts'
import { toldOf } from './half-loss.ts'
import type { Told } from './half-loss.ts'
import { hear } from './hearing.ts'
import { Intake } from './intake.ts'
import type { Entry } from './ledger-entry.ts'
import { endOf, fingerprintOf } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { Adoption, LedgerStart } from './ledger-start.ts'
import { LedgerTalk } from './ledger-talk.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { ModelAnswers, ModelTask } from './model-worker.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import type { OneBytePorts, OneByteRules } from './one-byte-ports.ts'
import { passesOf } from './passes-of-run.ts'
import type { Passes } from './passes.ts'
import { ONE_A_STEP } from './places.ts'
import type { Places } from './places.ts'
import type { ScalarMachine } from './scalar-machine.ts'
import type { StepState } from './step-states.ts'
import { asking } from './task-worker.ts'
import type { Ask } from './task-worker.ts'

/**
 * One peer of Just One Byte: evaluate the own batch at θ ± ε·z(own seed), or half of what a pair evaluates, keep one byte of the projected gradient, and sign and send a pack of
 * them after each window, when they count for this peer as for everybody else. All weights are a function of the set of packs held (`ByteModel`); they are kept elsewhere
 * (`ModelWorker`), and whatever moves or reads them has its turn there.
 */
export class OneBytePeer implements ScalarMachine {
  readonly #rules: OneByteRules
  readonly #places: Places
  readonly #ports: OneBytePorts
  readonly #start: LedgerStart | undefined
  readonly #talk: LedgerTalk
  readonly #ask: Ask<ModelTask, ModelAnswers>
  readonly #intake = new Intake()
  readonly #agreement: Agreement
  readonly #passes: Passes
  #pack: Told[] = []
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
    this.#ask = asking(ports.model, reason => { ports.report({ kind: 'failed', reason }) })
    this.#talk = new LedgerTalk(rules.ledger, { ...ports, report: event => { this.#onLedger(event) } }, start?.held)
    this.#agreement = new Agreement({ ...rules, epochSteps: rules.model.epochSteps }, ports, () => ({
      ledger: this.ledger, step: this.#place, isOver: this.#isOver, isInStep: step => this.#adoption === undefined && this.#intake.follows(step), inquire: to => { this.inquire(to) },
      hash: (before, found) => { this.#ask({ kind: 'hash', before }, found) },
      rebuild: () => { this.#ask({ kind: 'rebuild' }) },
      overruled: overruling => { ports.report({ kind: 'overruled', ...overruling }) }
    }))
    this.#passes = passesOf(rules, ports, {
      ledger: () => this.ledger, follow: () => { this.#catchUp() }, inquire: to => { this.inquire(to) },
      hash: found => { this.#ask({ kind: 'hash', before: Infinity }, ({ modelHash }) => { found(modelHash) }) }
    })
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
    this.#talk.restore(entries, this.#start)
    this.#intake.begin(this.ledger.open())
    this.#catchUp()
  }

  /**
   * Goes on from a snapshot that others took, checked by its hashes, instead of from what this peer had before that step; what it holds of later steps stays, and its own
   * chain goes on. At once, or after the forward passes under way.
   */
  adopt (adoption: Adoption, taken: (isTaken: boolean) => void): void {
    this.#adoption = adoption
    if (!this.#isMeasuring) this.#catchUp()
    taken(true)
  }

  #adopt ({ weights, start }: Adoption): void {
    this.#talk.goOnFrom(start.snapshot)
    this.#ask({ kind: 'begin', start: start.model, weights })
    this.#intake.begin(this.ledger.open())
    this.#agreement.restarted()
    this.#passes.restart()
    if (this.#passes.isWhole) this.#dropPack()
    if (this.#place < start.snapshot.step) {
      this.#pack = []
      this.#place = this.ledger.firstStep
    }
    this.#ports.report({ kind: 'adopted', start, weights })
  }

  /** Steps until the run's end or `stop`, from the own chain's end on, or from `fromStep` where that is later. Call it once. */
  start (fromStep = 0): void {
    this.#place = Math.max(fromStep, this.ledger.reachOf(this.#ports.peer))
    this.#next()
  }

  #next (): void {
    const { window, steps } = this.#rules.ledger
    const isBetween = this.#place % window === 0
    if (isBetween) this.#place = this.#passes.nextPlace(this.#place)
    const place = this.#place
    if (place >= steps) this.#finish()
    else if (this.#stopping) this.#leave()
    else if (isBetween) this.#passes.begin(place, head => { this.#begin(place, head) })
    else this.#measure()
  }

  #begin (place: number, head: readonly Told[]): void {
    if (this.#stopping || this.#place !== place) { this.#next(); return }
    this.#pack = [...head]
    this.#place += head.length
    this.#measure()
  }

  #measure (): void {
    this.#isMeasuring = true
    const request = { ...this.#passes.plan(this.step, this.#place), epsilon: this.#rules.epsilon(this.step) }
    this.#ports.measure(request, outcome => { this.#measured(request, outcome) })
  }

  /** Takes no more steps, sends what it has measured, and still answers. */
  stop (): void {
    this.#stopping = true
    this.#passes.stop()
  }

  #measured ({ step, epsilon, side, directions }: ScalarRequest, outcome: ScalarOutcome): void {
    this.#isMeasuring = false
    const isLeftBehind = this.#adoption !== undefined && (this.#passes.isWhole || this.#place < this.#adoption.start.snapshot.step)
    this.#catchUp()
    if (isLeftBehind && outcome.kind === 'measured') {
      this.#next()
      return
    }
    if (outcome.kind === 'stopped') this.#leave()
    if (outcome.kind === 'failed') this.#ports.report({ kind: 'failed', reason: outcome.reason })
    if (outcome.kind !== 'measured') return
    const { ledger: { window, steps } } = this.#rules
    this.#pack.push(...directions.map((_, index) => this.#passes.tell(outcome.losses[index] ?? { above: NaN, below: NaN }, epsilon)))
    this.#place += directions.length
    this.#ports.report({ kind: 'step', step, loss: meanLoss(outcome.losses, side), tokens: outcome.tokens })
    if (this.#place % window === 0 || this.#place === steps) this.#sendPack(() => { this.#afterPack() })
    else this.#next()
  }

  #afterPack (): void {
    this.#talk.fillGaps(this.#place)
    this.#agreement.afterPack()
    this.#sealWhatCan()
    this.#next()
  }

  /** What came for the epoch and is not in the weights yet was agreed on by nobody. */
  #sealWhatCan (): void {
    while (this.#intake.follows(this.#agreement.boundary) && this.#agreement.isSealable()) this.#compact()
  }

  /** An epoch that enough others have made the same of becomes a snapshot; entries of the one before it are forgotten. */
  #compact (): void {
    const { boundary: step, agreed } = this.#agreement
    const { snapshot, held, forgotten } = this.#talk.seal(step)
    this.#agreement.sealed()
    this.#passes.sealed(step)
    this.#ask({ kind: 'seal', step }, ({ weights, ...model }) => { this.#ports.report({ kind: 'sealed', start: { model, snapshot, held }, weights, forgotten, agreed }) })
  }

  #sendPack (sent: () => void): void {
    if (this.#pack.length === 0) {
      sent()
      return
    }
    const draft = { firstStep: this.#place - this.#pack.length, ...toldOf(this.#pack, this.#rules.ledger.poolSize > 0) }
    this.#pack = []
    this.#talk.publish(draft, entry => {
      this.#catchUp()
      this.#ports.report({ kind: 'packed', entry })
      sent()
    })
  }

  /** A window that was not measured whole is measured again. */
  #dropPack (): void {
    this.#place -= this.#pack.length
    this.#pack = []
  }

  #leave (): void {
    this.#isOver = true
    if (this.#passes.isWhole) this.#dropPack()
    this.#catchUp()
    this.#sendPack(() => { this.#ports.report({ kind: 'stopped', step: this.step }) })
  }

  #finish (): void {
    this.#isOver = true
    this.#catchUp()
    this.#ports.report({ kind: 'finished', step: this.step })
    this.compare(EVERYONE)
  }

  /** Tells what this peer holds, so that whoever holds something else finds out. Of a run that is over, all of it. */
  compare (to: string): void {
    if (this.#isOver) this.#agreement.afterWhile()
    this.#agreement.sendCheck(to, this.#place >= this.#rules.ledger.steps ? endOf(this.#rules.ledger) : Math.floor(this.#place / this.#rules.ledger.window) * this.#rules.ledger.window)
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
    hear(from, message, { talk: this.#talk, agreement: this.#agreement, step: this.#place, report: this.#ports.report, hasSums: false })
    if (!this.#isMeasuring) this.#catchUp()
    this.#passes.heard()
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
    const taken = this.#intake.take(this.#isOver ? Infinity : this.#passes.limit())
    if (taken.fromStep < Infinity) this.#agreement.changed(taken.fromStep)
    const { added, withdrawn } = this.#passes.change(taken.added, taken.withdrawn)
    if (added.length + withdrawn.length > 0) this.#ask({ kind: 'move', added, withdrawn })
    this.#agreement.goOn()
    if (this.#isOver) this.#sealWhatCan()
  }
}
