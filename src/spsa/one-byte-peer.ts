import { ByteModel } from './byte-model.ts'
import type { ByteModelRules, StepByte } from './byte-model.ts'
import { signEntry } from './ledger-entry.ts'
import type { Entry, Sign, Verify } from './ledger-entry.ts'
import { Ledger, fingerprintOf } from './ledger.ts'
import type { LedgerRules } from './ledger.ts'
import { EVERYONE } from './one-byte-messages.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'
import { answerInquiry, isSettled, openInquiry } from './reconcile.ts'
import { ABSTAIN } from './scalar-codec.ts'
import { seedOfStep } from './seeds.ts'
import { perturbed } from './weight-source.ts'
import type { WeightSource } from './weight-source.ts'

type CheckMessage = Extract<OneByteMessage, { kind: 'check' }>

export interface OneByteRules {
  /** `window` is the length of a pack, too. */
  readonly ledger: LedgerRules
  readonly model: ByteModelRules
  /** Size ε of the perturbation. */
  readonly epsilon: number
  /** Steps, a multiple of the window, between two comparisons of model hashes. */
  readonly checkEvery: number
}

/** How this peer acts on the world. */
export interface OneBytePorts {
  /** Its Ed25519 public key in hex. */
  readonly peer: string
  readonly sign: Sign
  readonly verify: Verify
  /** Mean loss of this peer's own batch of `step` under these weights, which are read before `done` is called, not after. */
  readonly evaluate: (weights: WeightSource, step: number, done: (loss: number) => void) => void
  /** To a peer's key, or to `EVERYONE` else. */
  readonly send: (to: string, message: OneByteMessage) => void
  readonly report: (event: OneByteReport) => void
}

/**
 * One peer of Just One Byte: evaluate the own batch at θ ± ε·z(own seed), keep one byte of the projected gradient, and sign and send a pack of
 * them after each window, when they count for this peer as for everybody else. All weights are a function of the set of packs held (`ByteModel`).
 */
export class OneBytePeer {
  readonly ledger: Ledger
  readonly model: ByteModel
  readonly #rules: OneByteRules
  readonly #ports: OneBytePorts
  #pack: number[] = []
  #step = 0
  #stopped = false
  #isEvaluating = false
  /** What came while the two losses of a step were measured: they are of the same θ, or their difference says nothing. */
  #added: StepByte[] = []
  #withdrawn: StepByte[] = []
  readonly #checks = new Map<string, CheckMessage>()

  constructor (base: WeightSource, rules: OneByteRules, ports: OneBytePorts) {
    this.#rules = rules
    this.#ports = ports
    this.ledger = new Ledger(rules.ledger, ports.verify)
    this.model = new ByteModel(base, rules.model)
  }

  /** Steps taken so far. */
  get step (): number {
    return this.#step
  }

  /** Steps until the run's end or `stop`. Call it once. */
  start (): void {
    if (this.#stopped || this.#step >= this.#rules.ledger.steps) return
    this.#isEvaluating = true
    const step = this.#step
    const seed = seedOfStep(this.#rules.ledger.runId, step, this.#ports.peer)
    const at = (epsilon: number): WeightSource => perturbed(this.model.weights, this.#rules.model.noise, seed, epsilon)
    this.#ports.evaluate(at(this.#rules.epsilon), step, above => {
      this.#ports.evaluate(at(-this.#rules.epsilon), step, below => { this.#finishStep(step, above, below) })
    })
  }

  /** Takes no more steps, but still answers. */
  stop (): void {
    this.#stopped = true
  }

  /** ĝ = (L(θ+εz) − L(θ−εz)) / 2ε (Spall 1992; MeZO, definition 1). A loss that is no number abstains. */
  #finishStep (step: number, above: number, below: number): void {
    this.#isEvaluating = false
    this.#catchUp()
    if (this.#stopped) return
    const { model: { codec }, epsilon, ledger: { window, steps } } = this.#rules
    const scalar = (above - below) / (2 * epsilon)
    const level = Number.isFinite(scalar) ? codec.encode(scalar) : ABSTAIN
    this.#pack.push(level)
    this.#step++
    this.#ports.report({ kind: 'step', step, loss: (above + below) / 2, level })
    if (this.#step % window === 0 || this.#step === steps) this.#sendPack()
    if (this.#step % this.#rules.checkEvery === 0) this.#sendCheck()
    if (this.#step === steps) this.#finish()
    else this.start()
  }

  #sendPack (): void {
    const { peer, sign } = this.#ports
    const { next, hash } = this.ledger.headOf(peer)
    const draft = { peer, index: next, firstStep: this.#step - this.#pack.length, levels: Int8Array.from(this.#pack), pool: undefined, previous: hash }
    this.#pack = []
    const entry = signEntry(draft, this.#rules.ledger.runId, sign)
    this.#take(peer, entry)
    this.#catchUp()
    this.#ports.send(EVERYONE, { kind: 'entry', entry })
  }

  #finish (): void {
    this.#ports.report({ kind: 'finished', step: this.#step })
    this.inquire(EVERYONE)
  }

  /** Asks what it lacks and offers what others lack: now and then, for packs that nobody missed yet. */
  inquire (to: string): void {
    this.#ports.send(to, { kind: 'inquiry', inquiry: openInquiry(this.ledger) })
  }

  /** Compares what lies two windows back, which by now has reached everybody whom nothing kept from it. */
  #sendCheck (): void {
    const step = Math.max(0, this.#step - 2 * this.#rules.ledger.window)
    this.#ports.send(EVERYONE, { kind: 'check', step, ...this.#stateAt(step) })
  }

  #stateAt (step: number): { readonly fingerprint: string, readonly modelHash: string } {
    return { fingerprint: fingerprintOf(this.ledger.snapshotAt(step)), modelHash: this.model.hash(step) }
  }

  /** Whatever arrives from somebody: in any order, twice, or never. */
  receive (from: string, message: OneByteMessage): void {
    if (message.kind === 'entry') this.#take(from, message.entry)
    else if (message.kind === 'inquiry') this.#answer(from, message)
    else this.#checks.set(from, message)
    if (!this.#isEvaluating) this.#catchUp()
  }

  #take (from: string, entry: Entry): void {
    const verdict = this.ledger.admit(entry)
    if (verdict.kind === 'admitted') this.#added.push(...this.#bytesOf(entry))
    else if (verdict.kind === 'early') this.inquire(from)
    else {
      this.#withdrawn.push(...verdict.withdrawn.flatMap(gone => this.#bytesOf(gone)))
      if (verdict.code !== 'REPLAY') this.#ports.report({ kind: 'refused', from, code: verdict.code, reason: verdict.reason })
    }
  }

  /** Lets the weights follow the ledger. What was cut from a chain never returns, so additions come first. */
  #catchUp (): void {
    const [added, withdrawn] = [this.#added, this.#withdrawn];
    [this.#added, this.#withdrawn] = [[], []]
    if (added.length > 0) this.model.add(added)
    if (withdrawn.length > 0) this.model.withdraw(withdrawn)
    for (const [from, check] of this.#checks) this.#compare(from, check)
    this.#checks.clear()
  }

  #bytesOf ({ peer, firstStep, levels }: Entry): StepByte[] {
    return Array.from(levels, (level, at) => {
      const step = firstStep + at
      return { id: `${step} ${peer}`, step, level, seed: seedOfStep(this.#rules.ledger.runId, step, peer) }
    })
  }

  #answer (from: string, { inquiry: asked }: Extract<OneByteMessage, { kind: 'inquiry' }>): void {
    const { inquiry, entries } = answerInquiry(this.ledger, asked)
    for (const entry of entries) this.#ports.send(from, { kind: 'entry', entry })
    if (!isSettled(inquiry)) this.#ports.send(from, { kind: 'inquiry', inquiry })
  }

  #compare (from: string, { step, fingerprint, modelHash }: CheckMessage): void {
    if (step > this.#step || step % this.#rules.ledger.window !== 0 || step < this.ledger.firstStep) return
    const mine = this.#stateAt(step)
    if (mine.fingerprint !== fingerprint) {
      this.#ports.report({ kind: 'lacking', from, step })
      this.inquire(from)
    } else if (mine.modelHash === modelHash) {
      this.#ports.report({ kind: 'agreed', from, step })
    } else {
      this.model.rebuild()
      this.#ports.report({ kind: 'rebuilt', from, step })
    }
  }
}
