import type { MethodSpec } from '../../src/manifest/schema.ts'
import { firstBeyond } from '../../src/averaging/arithmetic/vectors.ts'
import type { RoundRecord } from '../../src/ports.ts'
import type { Referee } from './referee-port.ts'

const NOTHING = new Float32Array()

interface CommittedRound {
  readonly record: RoundRecord
  readonly inDoubt: boolean
  /** After the commit, where members are held to the same bits; empty otherwise. */
  readonly weights: Float32Array
}

interface Watched {
  /** As the trainer left them, or as the last round did. */
  readonly resting: Float32Array
  round: number
  readonly past: CommittedRound[]
  readonly claims: Array<{ readonly round: number, readonly by: string }>
}

/**
 * The referee of rounds in groups, by fragments and in flight. It knows no method's arithmetic; it watches what every method promises: weights move by training or
 * by a round, a round is committed once and never goes back, whoever is counted in a mean has committed that round or is in doubt about it, members of a group that
 * shares its slow weights and landed everything hold the same bits, and nobody rests for longer than the grace allows.
 */
export class GroupWatcher implements Referee {
  readonly violations: string[] = []
  oneSided = 0
  readonly #method: MethodSpec
  readonly #longestWaitMs: number
  readonly #liars: ReadonlySet<string>
  readonly #rememberedRounds: number
  readonly #peers = new Map<string, Watched>()

  /** @param liars of whom nothing is asked */
  constructor (method: MethodSpec, longestWaitMs: number, liars: ReadonlySet<string> = new Set(), rememberedRounds = 64) {
    this.#liars = liars
    this.#rememberedRounds = rememberedRounds
    this.#method = method
    this.#longestWaitMs = longestWaitMs
  }

  joined (id: string, weights: Float32Array, round = 0): void {
    this.#peers.set(id, { resting: weights.slice(), round, past: [], claims: [] })
  }

  reached (id: string, weights: Float32Array): void {
    this.paused(id, weights)
  }

  paused (id: string, weights: Float32Array): void {
    this.#of(id).resting.set(weights)
  }

  resumed (id: string, weights: Float32Array): void {
    const { resting } = this.#of(id)
    if (!isSame(weights, resting)) this.violations.push(`${id}: weights moved while the trainer rested, and by no round`)
  }

  committed (id: string, record: RoundRecord, inDoubt: boolean, weights: Float32Array): void {
    const peer = this.#of(id)
    this.#checkRecord(id, peer, record)
    if (firstBeyond(weights, Number.MAX_VALUE) >= 0) this.violations.push(`${id} after round ${record.round}: a weight is not finite`)
    peer.resting.set(weights)
    if (record.round === peer.round) return
    peer.round = record.round
    const { shares = 'weights', overlapSteps, fragments } = this.#method
    const isShared = shares !== 'weights' && overlapSteps === 0 && fragments === 1
    const committed = { record, inDoubt, weights: isShared ? weights.slice() : NOTHING }
    this.#remember(peer.past, committed)
    for (const member of record.members) if (member !== id && !this.#liars.has(member)) this.#claim(id, member, committed)
    for (const { round, by } of peer.claims) if (round === record.round) this.#checkAgreement(id, committed, by)
    if (isShared) this.#checkShared(id, committed)
  }

  #checkRecord (id: string, peer: Watched, record: RoundRecord): void {
    const stands = record.round === peer.round && record.outcome === 'solo' && record.reason.includes('ahead of the swarm')
    if (record.round <= peer.round && !stands) this.violations.push(`${id} committed round ${record.round} after round ${peer.round}`)
    if (record.waitedMs > this.#longestWaitMs) this.violations.push(`${id} waited ${record.waitedMs} ms in round ${record.round}`)
    const { members } = record
    if (members[0] !== id || new Set(members).size !== members.length || members.some(member => !this.#peers.has(member) && !this.#liars.has(member))) {
      this.violations.push(`${id} counted ${members.join(', ')} in round ${record.round}`)
    }
  }

  #claim (id: string, member: string, { record }: CommittedRound): void {
    this.#remember(this.#of(member).claims, { round: record.round, by: id })
    const theirs = pastOf(this.#of(member), record.round)
    if (theirs !== undefined) this.#checkAgreement(member, theirs, id)
  }

  /** Who is counted in another's mean averaged too, or knows that it may have been. */
  #checkAgreement (id: string, { record, inDoubt }: CommittedRound, by: string): void {
    if (record.outcome === 'averaged') return
    if (inDoubt) this.oneSided++
    else this.violations.push(`${by} averaged round ${record.round} with ${id}, which went solo without a doubt: ${record.reason}`)
  }

  /** What a group shares is the same bits on all who landed all of the round, and at rest so are the fast weights. */
  #checkShared (id: string, mine: CommittedRound): void {
    if (!isWhole(mine)) return
    for (const member of mine.record.members) {
      const theirs = member === id || this.#liars.has(member) ? undefined : pastOf(this.#of(member), mine.record.round)
      if (theirs === undefined || !isWhole(theirs) || !theirs.record.members.includes(id)) continue
      if (!isSame(theirs.weights, mine.weights)) this.violations.push(`${id} and ${member} share other weights after round ${mine.record.round}`)
    }
  }

  #remember<Item> (items: Item[], item: Item): void {
    items.push(item)
    if (items.length > this.#rememberedRounds) items.shift()
  }

  #of (id: string): Watched {
    const peer = this.#peers.get(id)
    if (peer === undefined) throw new RangeError(`nobody is called ${id}`)
    return peer
  }
}

/** Runs at every boundary of every peer: a callback for each weight would cost ten times as much. */
function isSame (one: Float32Array, other: Float32Array): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}

function isWhole ({ record, inDoubt }: CommittedRound): boolean {
  return record.outcome === 'averaged' && !inDoubt && !record.reason.includes('stay as they were')
}

function pastOf (peer: Watched, round: number): CommittedRound | undefined {
  return peer.past.find(({ record }) => record.round === round)
}
