import type { MethodSpec } from '../manifest/schema.ts'
import type { View } from '../membership/view.ts'
import type { ExchangeMessage, TrainingOutcome } from '../ports.ts'
import type { Part } from './frame.ts'
import type { GroupFlight } from './round-group-state.ts'
import type { Silence } from './silences.ts'

/** What does not change while a peer trains. */
export interface RoundSettings {
  readonly self: string
  readonly method: MethodSpec
  /** Values of each fragment. */
  readonly fragmentLengths: readonly number[]
  /** Inner steps after which this peer is done; 0 for never. */
  readonly budgetSteps: number
  readonly seed: number
  /** Other peers to wait for before the first step. */
  readonly minimumPeers: number
  /** Longest wait for them. */
  readonly minimumPeersTimeoutMs: number
}

/** An offer that came before this peer was ready for it. */
export interface Offer {
  readonly exchange: string
  readonly partner: string
  readonly round: number
  readonly fragment: number
  /** Fingerprint of the slow weights that the sender would share. */
  readonly basis?: number | undefined
}

/** How a round in flight ended; it is applied as soon as the trainer rests. */
export interface Ending {
  /** Whether others' contributions entered; the round is solo otherwise. */
  readonly averaged: boolean
  /** Whose contributions entered everything that landed, this peer excluded. */
  readonly members: readonly string[]
  readonly reason: string
  /** The others may have made more of this round than this peer (the two generals of `round-machine.ts`). */
  readonly inDoubt: boolean
  /** A member's slow weights take the place of this peer's, and nothing else happens. */
  readonly takesOver?: boolean | undefined
}

/** A round under way: from the step at which the contribution was taken to the one at which it lands. */
export interface FlightCore {
  readonly round: number
  readonly fragment: number
  /** Looking for the others; contributions and means under way; only the others' word that they have them is missing. */
  readonly stage: 'seeking' | 'exchanging' | 'committing'
  readonly sinceMs: number
  /** When whom it looked for had come; undefined while it is looking. */
  readonly metMs: number | undefined
  readonly sentStep: number
  readonly landStep: number
  /** When the next thing happens even if nothing else does; undefined once the round has ended. */
  readonly deadlineMs: number | undefined
  readonly ending: Ending | undefined
  /** Exchanges over which a member's slow weights are owed once the round is through. */
  readonly askers: readonly string[]
}

/** A round with one partner: each sends everything to the other. */
export interface PairFlight extends FlightCore {
  readonly kind: 'pair'
  readonly partner: string
  /** The smaller id opens the exchange, so that two partners never open two. */
  readonly initiator: boolean
  /** Undefined while a responder waits for the offer. */
  readonly exchange: string | undefined
  /** Messages with the partner's weights that have come: its contribution, and answers to what was asked about it. */
  readonly came: number
  /** How often this peer asked for more about them, and the partner about ours. */
  readonly asked: number
  readonly answered: number
  /** The partner has ours and averages once it knows that we have its weights. */
  readonly promised: boolean
}

export type Flight = PairFlight | GroupFlight

export type FinishReason = 'budget' | 'stopped' | 'failed'

export type Phase =
  | { readonly name: 'idle' }
  /** For enough peers to start with. */
  | { readonly name: 'waiting', readonly deadlineMs: number, readonly here: number }
  | { readonly name: 'training', readonly untilStep: number, readonly sinceMs: number }
  /** The trainer rests until the round in flight has ended, or, where it flies with it, until the others whom it rests for are there or `untilMs`. */
  | { readonly name: 'averaging', readonly sinceMs: number, readonly untilMs?: number | undefined, readonly waitsFor?: readonly string[] | undefined }
  | { readonly name: 'finished', readonly reason: FinishReason, readonly sentence: string }

export interface RoundState {
  readonly settings: RoundSettings
  readonly phase: Phase
  /** At most one; with overlap it is there while the trainer trains. */
  readonly flight: Flight | undefined
  /** The last round committed, or skipped to join the swarm's count. */
  readonly round: number
  /** Rounds committed under that number beyond the first, for being ahead of the swarm. */
  readonly standing: number
  /** Who averaged with this peer last, and in which round: they have come that far, whatever they announced last. */
  readonly met?: { readonly round: number, readonly members: readonly string[] } | undefined
  /** Inner steps taken, as of the last report of the trainer. */
  readonly step: number
  /** Inner steps at the last commit. */
  readonly syncedStep: number
  /** The last boundary at which a round was begun. */
  readonly boundaryStep: number
  /** Training time since that boundary, and between the two before. */
  readonly trainedMs: number
  readonly stretchMs: number
  /** How long the trainer may still rest to get into step with the others of a round that flies, or for peers of other speeds; below zero once it rested longer. */
  readonly creditMs: number
  /** When the others came to the latest rounds of a group, in milliseconds after this peer, earliest first. */
  readonly arrivals: ReadonlyArray<readonly number[]>
  /** Who accepted lately and then said nothing. */
  readonly silences: readonly Silence[]
  /** How long the trainer rested for the last round that averaged. */
  readonly restedMs: number
  /** As of the last boundary or wait; a training peer does not look. */
  readonly view: View
  /** How many peers there are, where the view holds some of them. */
  readonly swarmSize?: number | undefined
  /** Why this peer lets the round that is due pass, if it does. */
  readonly abstains?: string | undefined
  readonly held: readonly Offer[]
  readonly stopping: boolean
}

/** What happens to a peer. `nowMs` is the only clock there is. */
export type RoundEvent = { readonly nowMs: number } & (
  | { readonly kind: 'start', readonly view: View }
  | { readonly kind: 'view', readonly view: View }
  | { readonly kind: 'trained', readonly view: View, readonly swarmSize?: number | undefined, readonly outcome: TrainingOutcome, readonly abstains?: string | undefined }
  | { readonly kind: 'message', readonly exchange: string, readonly partner: string, readonly message: ExchangeMessage }
  | { readonly kind: 'closed', readonly exchange: string, readonly reason: string }
  /** The answers to `verify`, `accept` and `keep`; `refused` to any of them, to `widen` and to `answer`. */
  | { readonly kind: 'verified', readonly exchange: string }
  /** The other answer to `verify`, and to `widen`: more must be asked for. */
  | { readonly kind: 'incomplete', readonly exchange: string }
  | { readonly kind: 'accepted', readonly exchange: string, readonly part: number, readonly members: readonly string[] }
  | { readonly kind: 'kept', readonly exchange: string }
  | { readonly kind: 'refused', readonly exchange: string, readonly why: string }
  /** The answer to `take` in a group: a fingerprint of the slow weights that it shares, and this peer's own uplink. */
  | { readonly kind: 'taken', readonly round: number, readonly basis: number | undefined, readonly uploadBytesPerSecond: number | undefined }
  /** A deadline may have passed. */
  | { readonly kind: 'time' }
  | { readonly kind: 'stop' }
  /** Something of this peer's own broke. */
  | { readonly kind: 'failed', readonly reason: string }
)

type MessageOf<Kind extends ExchangeMessage['kind']> = Extract<ExchangeMessage, { kind: Kind }>
export type Contribution = MessageOf<'contribution'>
export type WidenMessage = MessageOf<'widen'>
export type WideningMessage = MessageOf<'widening'>
export type MeanMessage = MessageOf<'mean'>
export type PlanMessage = MessageOf<'plan'>
export type ReferenceMessage = MessageOf<'reference'>
/** Messages that the machine writes itself; the others hold weights. */
export type PlainMessage = Exclude<ExchangeMessage, { payload: Uint8Array }>

/** How a round ended on this peer. */
export interface RoundDecision extends Ending {
  readonly round: number
  readonly fragment: number
  /** How long the trainer rested for it. */
  readonly waitedMs: number
  /** Inner steps since the contribution was taken. */
  readonly ageSteps: number
  /** Others train on: slow weights that all share must not be moved by one of them. */
  readonly isApart: boolean
}

/** What a peer is to do. */
export type RoundEffect =
  | { readonly kind: 'train', readonly untilStep: number }
  | { readonly kind: 'stop-training' }
  | { readonly kind: 'open', readonly exchange: string, readonly partner: string }
  | { readonly kind: 'send', readonly exchange: string, readonly message: PlainMessage }
  /** Copy what the round sends; the trainer may go on. In a group answered by `taken`. */
  | { readonly kind: 'take', readonly round: number, readonly fragment: number, readonly members: readonly string[] }
  /** Who is there, and who reduces which part, is known now. */
  | { readonly kind: 'replan', readonly members: readonly string[], readonly parts: readonly Part[] }
  /** Encode and send our own contribution to a part. */
  | { readonly kind: 'contribute', readonly exchange: string, readonly part: number, readonly plan: number | undefined }
  /** Decode and check theirs, without moving a weight; answered by `verified` or `refused`. */
  | { readonly kind: 'verify', readonly exchange: string, readonly partner: string, readonly contribution: Contribution }
  /** Ask for more about a contribution that could not be decoded. */
  | { readonly kind: 'ask-wider', readonly exchange: string, readonly partner: string, readonly round: number, readonly attempt: number }
  /** Say more about our own; `refused` where the question makes no sense. */
  | { readonly kind: 'answer', readonly exchange: string, readonly question: WidenMessage }
  /** Decode with what came in addition; answered as `verify` is. */
  | { readonly kind: 'widen', readonly exchange: string, readonly partner: string, readonly widening: WideningMessage }
  /** Take the mean of a part, without moving a weight; answered by `accepted` or `refused`. */
  | { readonly kind: 'accept', readonly exchange: string, readonly mean: MeanMessage, readonly members: readonly string[] }
  /** Reduce an owned part and send the mean. */
  | { readonly kind: 'reduce', readonly part: number, readonly plan: number, readonly exchanges: readonly string[] }
  /** Send a mean that has landed here. */
  | { readonly kind: 'forward', readonly exchange: string, readonly part: number, readonly plan: number }
  /** Check and keep a member's slow weights; answered by `kept` or `refused`. */
  | { readonly kind: 'keep', readonly exchange: string, readonly reference: ReferenceMessage }
  /** Send what we share of a fragment, once the round is through, and hang up. */
  | { readonly kind: 'give', readonly exchange: string, readonly round: number, readonly fragment: number }
  | { readonly kind: 'close', readonly exchange: string, readonly reason: string }
  /** Take the outer step, whole. */
  | { readonly kind: 'commit', readonly decision: RoundDecision }
  /** `dueInMs`: training time to the next boundary, where it is known. */
  | { readonly kind: 'announce', readonly round: number, readonly training: boolean, readonly dueInMs?: number | undefined }
  | { readonly kind: 'say', readonly sentence: string }
  | { readonly kind: 'finish', readonly reason: FinishReason, readonly sentence: string }

export interface Transition {
  readonly state: RoundState
  readonly effects: readonly RoundEffect[]
}

export function unchanged (state: RoundState): Transition {
  return { state, effects: [] }
}

/**
 * The state with some of it replaced. Copied field by field: a spread of a record this large costs four times as much, and a simulated swarm makes hundreds of
 * millions.
 */
export function changed (state: RoundState, changes: Partial<RoundState>): RoundState {
  const {
    settings, phase, flight, round, standing, met, step, syncedStep, boundaryStep, trainedMs, stretchMs, creditMs, arrivals, silences, restedMs, view, swarmSize, abstains, held, stopping
  } = state
  const copy: { readonly [Name in keyof Required<RoundState>]: RoundState[Name] } = {
    settings, phase, flight, round, standing, met, step, syncedStep, boundaryStep, trainedMs, stretchMs, creditMs, arrivals, silences, restedMs, view, swarmSize, abstains, held, stopping
  }
  return Object.assign(copy, changes)
}

/** What `next` does after `effects`. */
export function afterEffects (effects: readonly RoundEffect[], next: Transition): Transition {
  return effects.length === 0 ? next : { state: next.state, effects: [...effects, ...next.effects] }
}

/** The flight while it is one. */
export function openFlight (state: RoundState): Flight | undefined {
  return state.flight?.ending === undefined ? state.flight : undefined
}

/** Every exchange that a flight talks over. */
export function exchangesOf (flight: Flight): readonly string[] {
  if (flight.kind === 'pair') return flight.exchange === undefined ? [] : [flight.exchange]
  return flight.mates.flatMap(({ exchange }) => exchange ?? [])
}

/** When something happens at the latest; undefined where nothing is waited for but the trainer. */
export function deadlineOf ({ phase, flight }: RoundState): number | undefined {
  if (phase.name === 'waiting') return phase.deadlineMs
  const untilMs = phase.name === 'averaging' ? phase.untilMs : undefined
  return untilMs === undefined ? flight?.deadlineMs : Math.min(untilMs, flight?.deadlineMs ?? Infinity)
}
