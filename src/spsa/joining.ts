import { WITNESSES } from './agreement.ts'
import type { SnapshotOffer } from './one-byte-messages.ts'
import { sameState } from './step-states.ts'

/** What an entry weighs besides its bytes, with what a message adds. */
const ENTRY_OVERHEAD_BYTES = 150

/** A snapshot, and who told of it. */
export interface AttestedOffer {
  readonly offer: SnapshotOffer
  readonly by: readonly string[]
}

/** The newest snapshot of which two members tell the same, or the only one who tells anything. */
export function attestedOffer (offers: ReadonlyMap<string, SnapshotOffer>): AttestedOffer | undefined {
  const needed = Math.min(WITNESSES, offers.size)
  return [...offers.values()]
    .map(offer => ({ offer, by: [...offers].filter(([, other]) => sameState(offer, other)).map(([peer]) => peer) }))
    .filter(({ by }) => by.length >= needed)
    .sort((one, other) => other.offer.step - one.offer.step || other.by.length - one.by.length)[0]
}

export interface JoinCosts {
  readonly snapshotBytes: number
  /** On the link, of one scalar in a pack. */
  readonly bytesAScalar: number
  /** Scalar bytes that this peer would replay without the snapshot. */
  readonly lackedBytes: number
  /** Steps of a pack. */
  readonly window: number
  /** To add one byte's direction to all weights, measured on this machine. */
  readonly secondsPerByte: number
  /** Of the link. */
  readonly bytesPerSecond: number
}

export interface JoinDecision {
  readonly kind: 'replay' | 'snapshot'
  readonly replaySeconds: number
  readonly snapshotSeconds: number
}

/**
 * Whether a joiner replays the bytes that it lacks, or downloads a snapshot and replays what came since: what takes less time. The crossover lies where
 * lacked − open = snapshotBytes / rate / (seconds of a byte's pass and of its share of a pack on the link).
 */
export function decideJoin ({ openBytes }: SnapshotOffer, { snapshotBytes, bytesAScalar, lackedBytes, window, secondsPerByte, bytesPerSecond }: JoinCosts): JoinDecision {
  const secondsOfOne = secondsPerByte + (bytesAScalar + ENTRY_OVERHEAD_BYTES / window) / bytesPerSecond
  const replaySeconds = lackedBytes * secondsOfOne
  const snapshotSeconds = snapshotBytes / bytesPerSecond + openBytes * secondsOfOne
  return { kind: replaySeconds <= snapshotSeconds ? 'replay' : 'snapshot', replaySeconds, snapshotSeconds }
}
