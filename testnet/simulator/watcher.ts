import type { Codec } from '../../src/compression/codec.ts'
import { createCodec } from '../../src/compression/codec.ts'
import { isReferenced } from '../../src/compression/referenced-codec.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { RoundRecord } from '../../src/ports.ts'
import type { Referee } from './referee-port.ts'

/** A replica at a boundary: what its contribution to the round says. */
interface Boundary {
  readonly weights: Float32Array
  readonly tokens: number
}

interface Watched {
  /** φ and m in double precision, as they must be. */
  readonly slow: Float64Array
  readonly momentum: Float64Array
  boundary: Boundary
  round: number
  /** How the latest rounds ended, newest last. */
  readonly past: CommittedRound[]
  /** Who says to have averaged with this peer lately. */
  readonly claims: Array<{ readonly round: number, readonly by: string }>
}

interface CommittedRound {
  readonly round: number
  readonly boundary: Boundary
  readonly partner: string | undefined
  readonly inDoubt: boolean
  /** What the partner changed about the new slow weights; undefined alone. */
  readonly correction: Float64Array | undefined
}

/** float32 against double precision, over values of the order of one. */
const TOLERANCE = 1e-4

/**
 * An independent referee of a simulated swarm. It works out every round again, from copies of the weights taken at the boundaries, and collects every
 * broken promise: a weight moved by anything but a whole round, a contribution counted twice, partners who disagree without being in doubt, a mean moved
 * by two-sided averaging, a wait beyond the method's grace.
 */
export class Watcher implements Referee {
  readonly violations: string[] = []
  /** Rounds that one partner averaged and the other, in doubt, did not. */
  oneSided = 0
  readonly #method: MethodSpec
  readonly #longestWaitMs: number
  readonly #rememberedRounds: number
  /** Undefined for one against the receiver's weights: what it rounds to follows from past rounds, so scenarios give it steps below the tolerance. */
  readonly #codec: Codec | undefined
  readonly #peers = new Map<string, Watched>()

  constructor (method: MethodSpec, longestWaitMs: number, rememberedRounds = 64) {
    this.#method = method
    this.#rememberedRounds = rememberedRounds
    this.#longestWaitMs = longestWaitMs
    this.#codec = isReferenced(method.codec) ? undefined : createCodec(method.codec)
  }

  joined (id: string, weights: Float32Array): void {
    const boundary = { weights: weights.slice(), tokens: 0 }
    this.#peers.set(id, { slow: Float64Array.from(weights), momentum: new Float64Array(weights.length), boundary, round: 0, past: [], claims: [] })
  }

  /** A stretch of training has ended: these weights enter the round, and nothing else may move them until it commits. */
  reached (id: string, weights: Float32Array, tokens: number): void {
    this.#of(id).boundary = { weights: weights.slice(), tokens }
  }

  paused (): void {}
  resumed (): void {}

  committed (id: string, record: RoundRecord, inDoubt: boolean, weights: Float32Array): void {
    const peer = this.#of(id)
    const partner = record.members.find(member => member !== id)
    this.#checkCount(id, peer, record)
    const correction = this.#correctionOf(peer.boundary, partner, record.round)
    this.#stepReference(peer, correction)
    this.#compare(`${id} after round ${record.round}`, peer.slow, weights)
    if (record.round === peer.round) return
    peer.round = record.round
    const committed = { round: record.round, boundary: peer.boundary, partner, inDoubt, correction }
    this.#remember(peer.past, committed)
    if (partner !== undefined) this.#remember(this.#of(partner).claims, { round: record.round, by: id })
    this.#checkAgreement(id, committed)
  }

  #checkCount (id: string, peer: Watched, record: RoundRecord): void {
    const stands = record.round === peer.round && record.outcome === 'solo' && record.reason.includes('ahead of the swarm')
    if (record.round <= peer.round && !stands) this.#violation(`${id} committed round ${record.round} after round ${peer.round}`)
    if (record.waitedMs > this.#longestWaitMs) this.#violation(`${id} waited ${record.waitedMs} ms in round ${record.round}`)
    if (record.members[0] !== id || new Set(record.members).size !== record.members.length) {
      this.#violation(`${id} counted ${record.members.join(', ')} in round ${record.round}`)
    }
  }

  /** w_j (Q(θ_j) − Q(θ_i)). */
  #correctionOf (own: Boundary, partner: string | undefined, round: number): Float64Array | undefined {
    if (partner === undefined) return undefined
    const other = this.#of(partner)
    const theirs = pastOf(other, round)?.boundary ?? other.boundary
    const weight = shareOf(theirs.tokens, own.tokens)
    const [mine, hers] = [this.#decoded(own.weights), this.#decoded(theirs.weights)]
    return Float64Array.from(mine, (value, index) => weight * ((hers[index] as number) - value))
  }

  #decoded (weights: Float32Array): Float32Array {
    if (this.#codec === undefined) return weights
    const bytes = new Uint8Array(this.#codec.maximumBytes(weights.length))
    const length = this.#codec.encode(weights, bytes)
    const values = new Float32Array(weights.length)
    this.#codec.decodeAccumulate(bytes.subarray(0, length), 1, values)
    return values
  }

  #stepReference (peer: Watched, correction: Float64Array | undefined): void {
    const { outer } = this.#method
    peer.boundary.weights.forEach((fast, index) => {
      const slow = peer.slow[index] as number
      const target = fast + (correction?.[index] ?? 0)
      const moved = outer.kind === 'noloco' ? outer.momentum * (peer.momentum[index] as number) + outer.learningRate * (target - slow) : target - slow
      peer.momentum[index] = outer.kind === 'noloco' ? moved : 0
      peer.slow[index] = slow + moved
    })
  }

  /** The reference goes on from what the peer really has, so that one broken promise is told once. */
  #compare (what: string, expected: Float64Array, weights: Float32Array): void {
    let worst = 0
    weights.forEach((value, index) => {
      const difference = Math.abs(value - (expected[index] as number))
      if (!(difference <= worst)) worst = difference
      expected[index] = value
    })
    if (!(worst <= TOLERANCE)) this.#violation(`${what}: a weight is off by ${worst}`)
  }

  /** Once both partners have committed a round: either both averaged, or the one that did not is in doubt. */
  #checkAgreement (id: string, mine: CommittedRound): void {
    const { claims } = this.#of(id)
    const claimants = claims.filter(({ round }) => round === mine.round).map(({ by }) => by)
    for (const claimant of claimants) {
      const theirs = pastOf(this.#of(claimant), mine.round)
      if (mine.partner !== claimant) this.#checkDoubt(id, mine, claimant)
      else if (theirs !== undefined) this.#checkMean(`${id} and ${claimant} in round ${mine.round}`, mine, theirs)
    }
    const theirs = mine.partner === undefined ? undefined : pastOf(this.#of(mine.partner), mine.round)
    if (mine.partner !== undefined && theirs !== undefined && theirs.partner !== id) this.#checkDoubt(mine.partner, theirs, id)
  }

  #checkMean (who: string, mine: CommittedRound, theirs: CommittedRound): void {
    const share = shareOf(mine.boundary.tokens, theirs.boundary.tokens)
    const moved = mine.boundary.weights.reduce((worst, _, index) =>
      Math.max(worst, Math.abs(share * (mine.correction?.[index] ?? 0) + (1 - share) * (theirs.correction?.[index] ?? 0))), 0)
    if (moved > TOLERANCE) this.#violation(`${who} moved their mean by ${moved}`)
  }

  #checkDoubt (id: string, past: CommittedRound, averagedWith: string): void {
    if (past.inDoubt) this.oneSided++
    else this.#violation(`${averagedWith} averaged round ${past.round} with ${id}, which ${past.partner === undefined ? 'went solo without a doubt' : `averaged with ${past.partner}`}`)
  }

  #of (id: string): Watched {
    const peer = this.#peers.get(id)
    if (peer === undefined) throw new RangeError(`nobody is called ${id}`)
    return peer
  }

  #remember<Item> (items: Item[], item: Item): void {
    items.push(item)
    if (items.length > this.#rememberedRounds) items.shift()
  }

  #violation (sentence: string): void {
    this.violations.push(sentence)
  }
}

function pastOf (peer: Watched, round: number): CommittedRound | undefined {
  return peer.past.find(past => past.round === round)
}

/** The referee's own reading of the rule: shares of a pair's mean go by tokens, but never beyond 4 to 1. */
function shareOf (tokens: number, otherTokens: number): number {
  const [most, least] = [0.8, 0.2]
  return Math.min(most, Math.max(least, tokens / (tokens + otherTokens)))
}
