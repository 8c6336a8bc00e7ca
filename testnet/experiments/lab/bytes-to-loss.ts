/** Where a run was: what a peer had sent, and what its model was worth. */
export interface SentAndLoss {
  readonly bytes: number
  /** Held-out nats per token; Infinity for one that diverged. */
  readonly loss: number
}

/**
 * Bytes that a peer had sent when the held-out loss first came down to the target: on the straight line between the two points around the crossing.
 *
 * @param curve by step; its first point's bytes count whole where it is already there
 * @returns undefined where the curve never gets there
 */
export function bytesToLoss (curve: readonly SentAndLoss[], target: number): number | undefined {
  const place = curve.findIndex(({ loss }) => loss <= target)
  const [after, before] = [curve[place], curve[place - 1]]
  if (after === undefined || before === undefined) return after?.bytes
  if (!Number.isFinite(before.loss)) return after.bytes
  return before.bytes + (before.loss - target) / (before.loss - after.loss) * (after.bytes - before.bytes)
}
