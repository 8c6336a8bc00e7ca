import type { UploadPromise } from '../../src/budget/upload-promise.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import type { Peers } from '../../src/ports.ts'
import type { Attack } from '../scenarios/attacks.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import type { ScalarSeat } from './scalar-lane-peer.ts'
import type { SimulatedTrainer, TrainingStart } from './virtual-store.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { LinkConditions } from './virtual-links.ts'

/** Where the round machine of a peer is: what it does between rounds, or how far its round is. */
export type MachineState = 'waiting' | 'training' | 'seeking' | 'exchanging' | 'committing'

/** What a peer of a run of scalars does: it waits for others before its first step, asks for entries that it lacks, has a pack on its way, or none of these. */
export type ScalarState = 'waiting' | 'asking' | 'sending' | 'measuring'

/** At a moment of virtual time, so long after anybody honest has ended a round, or after a peer that has ended one is in a state. */
export type FaultMoment =
  | { readonly atMs: number }
  | { readonly afterRound: number, readonly laterMs?: number }
  | { readonly inState: MachineState | ScalarState, readonly of: number, readonly sinceRound: number, readonly laterMs?: number }

/** Something that happens to the swarm. Peers go by their index. */
export type Fault = FaultMoment & (
  | { readonly kind: 'partition', readonly sides: ReadonlyArray<readonly number[]> }
  | { readonly kind: 'heal' }
  /** From here on all links are like that. */
  | { readonly kind: 'weather', readonly conditions: LinkConditions }
  /** The machine is gone without a word; the process is, and the system says so; the peer ends in peace; it stops for a while, and goes on. */
  | { readonly kind: 'crash' | 'kill' | 'stop' | 'freeze' | 'thaw', readonly peer: number }
  /** A peer that was absent comes, or one that is gone comes back with what its store holds. */
  | { readonly kind: 'join', readonly peer: number }
  | { readonly kind: 'reset' | 'diskFull' | 'diskFree', readonly peer: number }
  | { readonly kind: 'stall', readonly peer: number, readonly forMs: number }
  | { readonly kind: 'line', readonly peer: number, readonly line: LinkProfile }
  | { readonly kind: 'clockJump', readonly peer: number, readonly byMs: number }
  | { readonly kind: 'lie', readonly peer: number, readonly attack: Attack }
)

/** Whom a machine knows: those in its neighbourhoods (`partialViewOf`), whoever tells it; those to whom it is connected, as it chooses them for these (`chooseNeighbours`), or as it met them first. */
export type PartialViews = 'told' | 'turning' | 'fixed'

/** Everything that a simulation depends on: the same scenario gives the same event log. */
export interface Scenario {
  readonly seed: number
  readonly peers: number
  /** What each is called, by index; `peer-0` and so on when left out. */
  readonly names?: readonly string[]
  readonly method: MethodSpec
  /** Inner steps of each peer. */
  readonly steps: number
  /** Milliseconds a step takes: every peer draws its own between the two. */
  readonly stepMs: readonly [number, number]
  /** Weights of a replica. */
  readonly parameters: number
  /** Distance between the peers' own optima, and noise of their gradients. */
  readonly dissimilarity: number
  readonly noise: number
  /** Whether the noise of all steps of a stretch is drawn as one: the same in distribution, and far quicker. */
  readonly drawsNoiseOnce?: boolean
  readonly conditions: LinkConditions
  /** What each peer's uplink carries, by index; as `conditions` say where it is left out. */
  readonly uploads?: ReadonlyArray<number | undefined>
  /** Each peer's own line, by index, beside what `conditions` say. */
  readonly lines?: readonly LinkProfile[]
  /** What lies between two peers beside their own lines. */
  readonly routeOf?: (from: number, to: number) => LinkProfile | undefined
  /** Bytes that each byte of a payload stands for: a small function in place of a large model. */
  readonly payloadScale?: number
  /** Milliseconds a step takes on each peer, by index, in place of a draw. */
  readonly stepMsOf?: readonly number[]
  /** What trains in place of the quadratics, for instance a `TimedTrainer`; all start from the same weights, from what a store held, or from a member's replica. */
  readonly trainerOf?: (index: number, clock: MachineClock, from: TrainingStart | undefined) => SimulatedTrainer
  /** What stands between a peer and the others, by index: one that says other things than it computes, or that remembers who did. */
  readonly peersOf?: (index: number, peers: Peers) => Peers
  readonly layout?: ParameterLayout
  /** Milliseconds that each task of a round takes, beside the peer's own doings; left out, work takes no time. */
  readonly roundTaskMs?: number
  /** What each peer promises about its uplink, by index. */
  readonly promises?: ReadonlyArray<UploadPromise | undefined>
  /** Peers start within this time of each other. */
  readonly startWithinMs: number
  /** When each peer starts, by index, in place of a draw. */
  readonly startMsOf?: readonly number[]
  /** Joiners take all of a replica from one member, to compare with what is put together from several. */
  readonly joinsFromOne?: boolean
  /** Those who are not there before a `join`. */
  readonly absent?: ReadonlySet<number>
  /** Who is dishonest from the start, and how. */
  readonly attacks?: ReadonlyArray<Attack | undefined>
  /** Others for whom those of the beginning wait before their first step, as a testnet's peers do; whoever comes later waits for nobody. */
  readonly minimumPeers?: number
  readonly faults: readonly Fault[]
  /** Virtual time between two checkpoints. */
  readonly checkpointEveryMs?: number
  /** Peers that only run forward passes, beside those above; the method has a scalar lane then. */
  readonly scalarSeats?: readonly ScalarSeat[]
  /** Machines know some of the others alone; everyone when left out. */
  readonly partialViews?: PartialViews
  /** Announcements are signed and checked, or believed. */
  readonly signatures?: 'real' | 'stubbed'
  /** Whether lines and records are kept whole, or counted as they come: a large swarm's fill the memory. */
  readonly keeps?: 'everything' | 'counts'
  /** A swarm that has not finished by then never will. */
  readonly limitMs: number
}

export function nameOf ({ names, peers }: Pick<Scenario, 'names' | 'peers'>, index: number): string {
  return names?.[index] ?? `peer-${String(index).padStart(String(peers - 1).length, '0')}`
}

/** Peers who lie at some time; nothing is promised to them. */
export function liarsOf ({ attacks, faults }: Pick<Scenario, 'attacks' | 'faults'>): ReadonlySet<number> {
  return new Set([...(attacks ?? []).flatMap((attack, index) => attack === undefined ? [] : [index]), ...faults.flatMap(fault => fault.kind === 'lie' ? [fault.peer] : [])])
}
