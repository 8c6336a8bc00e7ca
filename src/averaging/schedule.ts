/**
 * When fragments are synced (Streaming DiLoCo, arXiv 2501.18512): one of F every H/F inner steps, each of them every H. Round r, from 1, syncs
 * fragment (r − 1) mod F at step ⌊r·H/F⌋; H need not be a multiple of F. Pure functions of the steps taken, so that a resumed run syncs where an
 * uninterrupted one does.
 */
export interface SyncRhythm {
  /** F, at most H. */
  readonly fragments: number
  /** H: inner steps between two syncs of the same fragment. */
  readonly everySteps: number
}

/** A step at which a fragment is to be synced. */
export interface Boundary {
  /** Counted from 1; for a peer that never jumped it is its round. */
  readonly index: number
  readonly step: number
}

/**
 * The first boundary behind `step`.
 *
 * @param budgetSteps the last step of all, a boundary as well; 0 for no end
 */
export function nextBoundary (step: number, { fragments, everySteps }: SyncRhythm, budgetSteps = 0): Boundary {
  const index = Math.ceil((step + 1) * fragments / everySteps)
  const due = Math.floor(index * everySteps / fragments)
  return { index, step: budgetSteps > step ? Math.min(due, budgetSteps) : due }
}

/** The fragment of a round, which all members of its group count alike whatever their own steps. */
export function fragmentOfRound (round: number, fragments: number): number {
  return (round - 1) % fragments
}

/**
 * The step at which a fragment that was sent at `step` is to land: τ steps later, at the last step of all at the latest.
 */
export function dueAt (step: number, overlapSteps: number, budgetSteps = 0): number {
  return budgetSteps > 0 ? Math.max(step, Math.min(step + overlapSteps, budgetSteps)) : step + overlapSteps
}
