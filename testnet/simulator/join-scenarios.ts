import { fraction, integerBelow } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import type { Words } from '../../src/random/words.ts'
import type { JoinMember, JoinScenario } from './join-simulation.ts'
import type { Lies } from './snapshot-holder.ts'
import { SnapshotHolder } from './snapshot-holder.ts'

/** Stream of the seed's words, apart from those of the other simulations. */
const STREAM = 302

/** Root mean square distance of a replica to the swarm's mean, where weights are of the order of one. */
export const SPREAD = 0.01
/** What members expect two replicas to be apart. */
const EXPECTED = SPREAD * Math.SQRT2

/** Farther than any two honest values are apart, and nearer than lies. */
const FARTHEST = 20 * SPREAD

export const LIES = ['shift', 'spike', 'momentum', 'chunks', 'opinions'] as const
export type Lie = typeof LIES[number]

export interface ReplicaOptions {
  readonly seed: number
  readonly values: number
  readonly hasMomentum: boolean
  readonly isShared: boolean
}

/** What a member holds after a round; members that share their weights hold the same. */
export function holderOf (id: string, index: number, round: number, options: ReplicaOptions, lie?: Lie): SnapshotHolder {
  const { seed, values, hasMomentum, isShared } = options
  const vectors = Array.from({ length: hasMomentum ? 2 : 1 }, (_, vector) => replica(seed, values, [round, vector], isShared ? undefined : index))
  const [weights, momentum] = vectors as [Float32Array, Float32Array?]
  if (lie === 'shift') weights.forEach((value, at) => { weights[at] = value + 0.5 })
  if (lie === 'spike') weights[integerBelow(words(seed, STREAM, index), values)] = 1000
  if (lie === 'momentum') momentum?.forEach((value, at) => { momentum[at] = 100 * value + 1 })
  const lies: Lies = { chunks: lie === 'chunks', opinions: lie === 'opinions' }
  return new SnapshotHolder(id, { round, step: 10 * round, vectors }, () => EXPECTED, lies)
}

/** What members have in common after a round, and what is a member's own. */
function replica (seed: number, values: number, [round, vector]: readonly [number, number], index: number | undefined): Float32Array {
  const common = uniform(seed, 2 * round + vector)
  const own = index === undefined ? () => 0 : uniform(seed, 1000 * (index + 1) + 2 * round + vector)
  return Float32Array.from({ length: values }, (_, at) => common(at) + SPREAD * own(at))
}

/** Numbers of mean 0 and variance 1 by their place: the finisher of MurmurHash3, quick enough for ten thousand swarms. */
function uniform (seed: number, row: number): (at: number) => number {
  return at => {
    let word = Math.imul(at + 1, 0x9e37_79b1) ^ Math.imul(seed, 0x85eb_ca6b) ^ Math.imul(row, 0xc2b2_ae35)
    word = Math.imul(word ^ word >>> 16, 0x85eb_ca6b)
    word = Math.imul(word ^ word >>> 13, 0xc2b2_ae35)
    return Math.sqrt(12) * (((word ^ word >>> 16) >>> 0) / 2 ** 32 - 0.5)
  }
}

/** A joining under a random schedule of faults, all of it drawn from the seed, and what may be expected of it. */
export interface RandomJoining {
  readonly scenario: JoinScenario
  readonly liar: { readonly id: string, readonly lie: Lie } | undefined
  /** Honest members that are there from the beginning to the end. */
  readonly steady: number
}

export function randomJoining (seed: number): RandomJoining {
  const random = words(seed, STREAM)
  const often = (share: number): boolean => fraction(random) < share
  const options = { seed, values: 2000 + integerBelow(random, 30_000), hasMomentum: often(0.5), isShared: often(0.3) }
  const steady = 1 + integerBelow(random, 4)
  const others = integerBelow(random, 4)
  const lying = steady >= 3 && often(0.8) ? integerBelow(random, steady + 1) : undefined
  const lie = LIES.filter(name => options.hasMomentum || name !== 'momentum')[integerBelow(random, LIES.length - 1)] as Lie
  const downloadBytesPerSecond = 10 ** (4.7 + 1.5 * fraction(random))
  const durationMs = 3000 + 1000 * 4 * (options.hasMomentum ? 2 : 1) * options.values / downloadBytesPerSecond
  const forgottenMs = often(0.2) ? durationMs * fraction(random) : Infinity
  const members = Array.from({ length: steady + others + (lying === undefined ? 0 : 1) }, (_, index): JoinMember => {
    const id = `member-${index}`
    const isSteady = index < steady + (lying === undefined ? 0 : 1)
    const held = (forgottenMs < Infinity ? [1, 2] : [1]).map(round => ({ holder: holderOf(id, index, round, options, index === lying ? lie : undefined), ...round === 1 ? { fromMs: 0, untilMs: forgottenMs } : { fromMs: forgottenMs, untilMs: Infinity } }))
    return { id, replicas: held, ...randomMachine(random, isSteady, durationMs) }
  })
  const killedMs = often(0.3) ? durationMs * fraction(random) : undefined
  const diskBytes = often(0.1) ? 1e5 * fraction(random) : undefined
  return {
    scenario: { members, ...options, downloadBytesPerSecond, killedMs, diskBytes, limitMs: 3_600_000 },
    liar: lying === undefined ? undefined : { id: `member-${lying}`, lie }, steady
  }
}

function randomMachine (random: Words, isSteady: boolean, durationMs: number): Omit<JoinMember, 'id' | 'replicas'> {
  const moment = (): number => durationMs * fraction(random)
  const machine = { uploadBytesPerSecond: 10 ** (4.7 + 2 * fraction(random)), latencyMs: 1 + 200 * fraction(random) ** 2 }
  if (isSteady) return { ...machine, fromMs: 0, untilMs: Infinity }
  const fromMs = fraction(random) < 0.5 ? 0 : moment()
  const untilMs = fraction(random) < 0.7 ? fromMs + moment() : Infinity
  const frozenMs = fromMs + moment()
  return { ...machine, fromMs, untilMs, ...fraction(random) < 0.3 ? { frozen: { fromMs: frozenMs, untilMs: frozenMs + 10 * moment() } } : {} }
}

/** What is wrong with how a random joining went; empty when all is well. */
export function faultsOfJoining ({ scenario, liar }: RandomJoining, { replica: fetched, refused }: { readonly replica: { readonly round: number, readonly data: Uint8Array } | undefined, readonly refused: ReadonlyMap<string, string> }): string[] {
  const faults: string[] = []
  if (fetched === undefined) return ['nothing was fetched']
  for (const id of refused.keys()) if (id !== liar?.id) faults.push(`${id} is honest and was refused: ${refused.get(id)}`)
  const holders = scenario.members.flatMap(({ replicas }) => replicas.map(({ holder }) => holder)).filter(({ offer }) => offer.round === fetched.round)
  const honest = holders.find(({ offer }) => offer.signer !== liar?.id) as SnapshotHolder
  if (liar !== undefined && farthest(fetched.data, honest.data) > FARTHEST) faults.push('the replica holds what a liar made')
  if (scenario.isShared && !holders.some(({ data }) => isSame(data, fetched.data))) faults.push('the replica is no member’s, though members share theirs')
  for (let chunk = 0; chunk < honest.plan.chunks; chunk++) {
    const { offset, bytes } = honest.plan.place(chunk)
    const part = fetched.data.subarray(offset, offset + bytes)
    if (!holders.some(({ data }) => isSame(data.subarray(offset, offset + bytes), part))) faults.push(`chunk ${chunk} is nobody’s`)
  }
  return faults
}

function isSame (one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

function farthest (one: Uint8Array, other: Uint8Array): number {
  const [a, b] = [one, other].map(bytes => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as [DataView, DataView]
  let most = 0
  for (let at = 0; at < one.length; at += 4) most = Math.max(most, Math.abs(a.getFloat32(at, true) - b.getFloat32(at, true)))
  return most
}
