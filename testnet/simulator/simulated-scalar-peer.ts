import { bytesToHex } from '@noble/hashes/utils.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { firstStepOf } from '../../node/scalars/machine.ts'
import { signer } from '../../node/scalars/signing.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { Peers } from '../../src/ports.ts'
import type { Sign, Verify } from '../../src/spsa/ledger-entry.ts'
import { fingerprintOf } from '../../src/spsa/ledger.ts'
import { EVERYONE } from '../../src/spsa/one-byte-messages.ts'
import type { OneByteMessage, OneByteReport, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import type { ScalarRun } from '../../src/spsa/pack-methods.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import type { Attack } from '../scenarios/attacks.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import type { Conduct } from '../dishonesty/conduct.ts'
import { corruptedSending } from '../dishonesty/scalars.ts'
import type { Struck } from './fates.ts'
import type { SlopedProblem } from './scalar-problems.ts'
import { ScalarStore } from './scalar-store.ts'
import { trainScalars } from './scalar-trainer.ts'
import { scalarWireBytes } from './scalar-wire.ts'
import type { ScalarState } from './simulation-scenario.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** A peer's place in a simulated swarm of scalars. */
export interface ScalarPlace {
  readonly name: string
  readonly line: LinkProfile
  /** Of a scalar, or of a first-order step. */
  readonly stepMs: number
  readonly attack: Attack | undefined
  /** Others whom it waits for before its first step. */
  readonly waitsFor: number
  /** After the swarm's beginning, until it looks for the others; not for those who come later. At once when left out. */
  readonly startMs?: number
}

/** What all peers of a simulated swarm share. */
export interface ScalarSurroundings {
  readonly method: ScalarSpec
  readonly run: ScalarRun
  readonly problem: SlopedProblem
  readonly seed: number
  readonly network: VirtualNetwork
  readonly verify: Verify
  readonly byName: (name: string) => SimulatedScalarPeer | undefined
  readonly say: (sentence: string) => void
  readonly report: (peer: SimulatedScalarPeer, event: OneByteReport) => void
}

const BYTES_A_WEIGHT = 4
/** As real peers have it: who was asked for entries and did not answer is asked again, or another one is, for so long. */
const ASK_AGAIN_MS = 5000
const ASKED_AT_MOST = 12
/** Somebody who never comes is not waited for for ever. */
const MEETING_PATIENCE_MS = 60_000
/** Whoever is done compares with one after the other. */
const COMPARE_EVERY_MS = 1000

/** One peer of a simulated run of scalars, through all its lives: the real machine over virtual links. */
export class SimulatedScalarPeer implements Struck {
  readonly id: string
  readonly key: string
  readonly index: number
  readonly conduct: Conduct
  readonly store = new ScalarStore()
  ended: string | undefined
  endedMs = 0
  readonly #around: ScalarSurroundings
  readonly #place: ScalarPlace
  readonly #sign: Sign
  #process: { readonly clock: MachineClock, readonly peers: Peers } | undefined
  #training: { readonly machine: ScalarMachine, readonly stop: () => void } | undefined
  #hasStarted = false
  #asked = 0
  /** Its messages that are on their way, and whom it asked for entries. */
  #underWay = 0
  readonly #asking = new Set<string>()
  /** What was sent over connections that are gone does not arrive. */
  #connections = 0

  constructor (around: ScalarSurroundings, place: ScalarPlace, index: number) {
    const secret = new Uint8Array(32).fill(index + 1)
    this.#around = around
    this.#place = place
    this.index = index
    this.id = place.name
    this.key = bytesToHex(ed25519.getPublicKey(secret))
    this.#sign = signer(secret)
    this.conduct = { attack: place.attack }
  }

  get clock (): MachineClock | undefined { return this.#process?.clock }
  get isGone (): boolean { return this.#process?.clock.crashed === true }
  get machine (): ScalarMachine | undefined { return this.#training?.machine }
  get step (): number { return this.machine?.step ?? 0 }

  get state (): ScalarState | undefined {
    if (this.machine === undefined || this.isGone || this.ended !== undefined) return undefined
    if (!this.#hasStarted) return 'waiting'
    if (this.#asking.size > 0) return 'asking'
    return this.#underWay > 0 ? 'sending' : 'measuring'
  }

  /** A process begins on this machine, with what its store holds, and looks for the others after a while. */
  begin (startMs = 0): void {
    const { method, run, problem, seed, network, verify } = this.#around
    // what an earlier process was about to do is nothing to this one
    this.clock?.crash()
    const { clock, peers } = this.#process = network.join(this.id, this.#place.line)
    const { loaded } = this.store
    this.ended = undefined
    this.#hasStarted = false
    this.#asked = 0
    this.#underWay = 0
    this.#asking.clear()
    this.disconnect()
    this.#training = trainScalars({
      method, run, problem, clock, loaded, index: this.index, conduct: this.conduct, stepMs: this.#place.stepMs, samplingSeed: seed + this.index,
      others: () => peers.present().flatMap(({ peerId }) => this.#around.byName(peerId)?.key ?? []),
      ports: {
        peer: this.key, sign: this.#sign, verify,
        keep: (entry, kept) => { if (this.store.add(entry)) kept(); else this.#fail('its packs cannot be kept: the disk is full') },
        send: corruptedSending((to, message) => { this.#send(to, message) }, this.conduct),
        report: event => { this.#onReport(event) }
      }
    })
    this.#training.machine.restore(loaded.entries)
    const sinceMs = clock.nowMs()
    let isLooking = startMs === 0
    const meet = (): void => {
      if (!isLooking || this.#asked > 0 || (peers.present().length < this.#place.waitsFor && clock.nowMs() - sinceMs < MEETING_PATIENCE_MS)) return
      this.#askForEntries()
    }
    peers.onChange(meet)
    clock.schedule(MEETING_PATIENCE_MS, meet)
    if (startMs > 0) clock.schedule(startMs, () => { isLooking = true; meet() })
    else if (this.#place.waitsFor === 0) meet()
  }

  leave (): boolean {
    if (this.#training === undefined) return false
    this.#training.machine.stop()
    this.#training.stop()
    if (!this.#hasStarted) this.#onReport({ kind: 'stopped', step: this.step })
    return true
  }

  /** All its connections are gone. */
  disconnect (): void { this.#connections++ }

  hear (from: string, message: OneByteMessage): void { this.machine?.receive(from, message) }

  /** A first step from old weights would be one from long ago. */
  #askForEntries (): void {
    const { clock } = this
    const present = this.#present()
    const member = present[this.#asked++ % Math.max(1, present.length)]
    if (this.#hasStarted || this.ended !== undefined || clock === undefined) return
    if (member === undefined || this.#asked > ASKED_AT_MOST) {
      this.#start()
      return
    }
    this.#inquire(member)
    clock.schedule(ASK_AGAIN_MS, () => { this.#askForEntries() })
  }

  #inquire (member: SimulatedScalarPeer): void {
    this.#asking.add(member.key)
    this.machine?.inquire(member.key)
  }

  #start (): void {
    if (this.#hasStarted || this.ended !== undefined || this.machine === undefined) return
    this.#hasStarted = true
    this.#asking.clear()
    const fromStep = firstStepOf(this.machine.ledger, this.key)
    this.#around.say(`${this.id} begins with ${this.machine.ledger.entries().length} entries`)
    this.machine.start(fromStep)
  }

  #present (): SimulatedScalarPeer[] {
    return (this.#process?.peers.present() ?? []).flatMap(({ peerId }) => this.#around.byName(peerId) ?? [])
  }

  #onReport (event: OneByteReport): void {
    this.store.learn(event, () => this.machine?.ledger.entries() ?? [])
    switch (event.kind) {
      case 'settled': { this.#asking.delete(event.from); this.#start(); break }
      case 'offered': { if (!this.#hasStarted && event.offer.step > (this.machine?.ledger.firstStep ?? 0)) this.#fetch(event.offer, event.from); break }
      case 'overruled': { this.#fetch(event.offer); break }
      case 'lacking': { this.#asking.add(event.from); break }
      case 'agreed': { this.#asking.delete(event.from); break }
      case 'finished': { this.#end('budget'); this.#compare(); break }
      case 'stopped': { this.#end('stopped'); break }
      case 'failed': { this.#fail(event.reason) }
    }
    this.#around.report(this, event)
  }

  /** A snapshot comes from whoever took it; this peer asks on from there. */
  #fetch (offer: SnapshotOffer, from?: string): void {
    const source = this.#present().find(({ key, store: { snapshot } }) => (from === undefined || key === from) && snapshot?.step === offer.step && fingerprintOf(snapshot) === offer.fingerprint)
    const stored = source?.store.snapshot
    if (source === undefined || stored === undefined) return
    const { limit, weights, sums, step, heads } = stored
    this.#around.network.carry(source.id, this.id, BYTES_A_WEIGHT * (weights ?? sums ?? []).length, arrived => {
      if (!arrived) return
      this.clock?.reach(() => {
        const snapshot = { step, heads }
        this.machine?.adopt({ weights, start: { model: { step, limit }, snapshot, held: snapshot, sums }, modelHash: offer.modelHash }, () => undefined)
        this.#inquire(source)
      })
    })
  }

  #send (to: string, message: OneByteMessage): void {
    const bytes = scalarWireBytes(message)
    const [connections, clock] = [this.#connections, this.clock]
    for (const other of this.#present()) {
      if (to !== EVERYONE && other.key !== to) continue
      const theirs = other.#connections
      this.#underWay++
      this.#around.network.carry(this.id, other.id, bytes, arrived => {
        // another life of the sender knows nothing of it
        if (clock !== this.clock) return
        this.#underWay--
        if (arrived && connections === this.#connections && theirs === other.#connections) other.clock?.reach(() => { other.hear(this.key, message) })
      })
    }
  }

  #compare (): void {
    const present = this.#present()
    const other = present[this.#asked++ % Math.max(1, present.length)]
    if (other !== undefined) this.machine?.compare(other.key)
    this.clock?.schedule(COMPARE_EVERY_MS, () => { this.#compare() })
  }

  #end (how: string): void {
    this.ended = how
    this.endedMs = this.clock?.worldMs() ?? 0
    this.#around.say(`${this.id} ended: ${how}`)
  }

  /** Its process ends with an error. */
  #fail (reason: string): void {
    this.#around.say(`${this.id} failed: ${reason}`)
    this.#end('failed')
    this.#around.network.kill(this.id)
  }
}
