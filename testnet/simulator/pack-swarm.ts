import { decodeScalars, encodeScalars } from '../../protocols/scalars/messages.ts'
import { integerBelow } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { fingerprintOf } from '../../src/spsa/ledger.ts'
import { EVERYONE } from '../../src/spsa/one-byte-messages.ts'
import type { SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import type { PackSpec } from '../../src/spsa/pack-methods.ts'
import { member, nameOfPeer } from './pack-member.ts'
import type { Ground, Lie, Member } from './pack-member.ts'
import { ROUGH_LATENCY_MS, RoughLinks } from './rough-links.ts'
import type { Roughness } from './rough-links.ts'
import { sharedVerify } from './shared-verify.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface Course {
  /** They ask somebody for all that happened once the first peer has taken a snapshot. */
  readonly late?: readonly number[]
  /** They tell something else than they measured. */
  readonly liars?: { readonly peers: readonly number[], readonly lie: Lie }
  readonly ground: Ground
  /** As of a peer. */
  readonly keeperTaskMs?: number
  /** When the last peer hears and is heard by nobody. */
  readonly away?: { readonly fromMs: number, readonly toMs: number }
}

const COMPARE_EVERY_MS = 1000
/** Comparing on after the last step, until nothing can be missing any more. */
const AFTERMATH_MS = 30_000

/** Peers over links that lose, repeat and reorder, as bytes, in virtual time. */
export function runPackSwarm (method: PackSpec, roughness: Roughness, course: Course): readonly Member[] {
  return new RoughPacks(method, roughness, course).run()
}

class RoughPacks {
  readonly #course: Course
  readonly #clock = new VirtualClock()
  readonly #chance = words(7, 402)
  readonly #links: RoughLinks
  readonly #peers: readonly number[]
  readonly #isIn: Set<number>
  readonly #swarm: readonly Member[]

  constructor (method: PackSpec, roughness: Roughness, course: Course) {
    const { late = [], liars, ground, keeperTaskMs } = course
    const verify = sharedVerify()
    this.#course = course
    this.#links = new RoughLinks(this.#clock, this.#chance, roughness)
    this.#peers = [...Array(method.peers).keys()]
    this.#isIn = new Set(this.#peers.filter(peer => !late.includes(peer)))
    this.#swarm = this.#peers.map(self => member(method, self, this.#clock, {
      send: (to, message) => { for (const other of to === EVERYONE ? this.#peers : [this.#peers.findIndex(peer => nameOfPeer(peer) === to)]) this.#deliver(self, other, encodeScalars(message)) },
      others: () => this.#peers.filter(other => this.#reaches(self, other)).map(nameOfPeer),
      overruled: offer => { this.#clock.schedule(ROUGH_LATENCY_MS, () => { this.#adopt(this.#at(self), offer) }) },
      ground, keeperTaskMs, verify, lie: liars?.peers.includes(self) === true ? liars.lie : undefined
    }))
  }

  run (): readonly Member[] {
    for (const [peer, { machine }] of this.#swarm.entries()) if (this.#isIn.has(peer)) machine.start(0)
    this.#joinLate()
    this.#clock.schedule(COMPARE_EVERY_MS, () => { this.#compare() })
    while (!this.#swarm.every(hasFinished) && this.#clock.advance());
    const endMs = this.#clock.nowMs() + AFTERMATH_MS
    while (this.#clock.advance(endMs));
    return this.#swarm
  }

  #at (peer: number): Member { return this.#swarm[peer] as Member }

  #isAway (peer: number): boolean {
    const { away } = this.#course
    return away !== undefined && peer === this.#peers.length - 1 && this.#clock.nowMs() >= away.fromMs && this.#clock.nowMs() < away.toMs
  }

  #reaches (one: number, other: number): boolean {
    return one !== other && this.#isIn.has(one) && this.#isIn.has(other) && !this.#isAway(one) && !this.#isAway(other)
  }

  #deliver (from: number, to: number, bytes: Uint8Array): void {
    if (this.#reaches(from, to)) this.#links.carry(() => { this.#at(to).machine.receive(nameOfPeer(from), decodeScalars(bytes)) })
  }

  /** Once there is a snapshot to join by. */
  #joinLate (): void {
    const { late = [] } = this.#course
    if (this.#swarm[0]?.reports.some(({ kind }) => kind === 'sealed') === true) for (const peer of late) this.#join(peer)
    else this.#clock.schedule(COMPARE_EVERY_MS, () => { this.#joinLate() })
  }

  #join (peer: number): void {
    this.#isIn.add(peer)
    this.#seek(this.#at(peer))
  }

  #seek (joiner: Member): void {
    const { machine, reports } = joiner
    const offer = reports.find(report => report.kind === 'offered')?.offer
    if (offer === undefined) machine.seek(nameOfPeer(0), false)
    else if (offer.step > machine.ledger.firstStep) this.#adopt(joiner, offer)
    else if (reports.some(({ kind }) => kind === 'settled')) {
      machine.start(machine.ledger.reach())
      return
    } else machine.inquire(nameOfPeer(0))
    this.#clock.schedule(COMPARE_EVERY_MS, () => { this.#seek(joiner) })
  }

  /** A snapshot comes from whoever took it. */
  #adopt ({ machine }: Member, offer: SnapshotOffer): void {
    const sealed = this.#swarm.flatMap(({ reports }) => reports.flatMap(report => report.kind === 'sealed' && report.start.snapshot.step === offer.step ? [report] : []))
    const found = sealed.find(({ start: { snapshot } }) => fingerprintOf(snapshot) === offer.fingerprint)
    if (found !== undefined) machine.adopt({ weights: found.weights, start: { ...found.start, held: found.start.snapshot }, modelHash: offer.modelHash }, () => undefined)
  }

  #compare (): void {
    for (const [peer, one] of this.#swarm.entries()) {
      if (hasFinished(one)) one.machine.compare(nameOfPeer((peer + 1 + integerBelow(this.#chance, this.#peers.length - 1)) % this.#peers.length))
    }
    this.#clock.schedule(COMPARE_EVERY_MS, () => { this.#compare() })
  }
}

function hasFinished ({ reports }: Member): boolean {
  return reports.some(({ kind }) => kind === 'finished')
}
