import type { PresentPeer } from '../ports.ts'

/** One peer's view of its run: everyone else who is here. */
export type View = readonly PresentPeer[]

/** Those with whom a round is possible: here, and with budget left. */
export function trainingPeers (view: View): PresentPeer[] {
  return view.filter(peer => peer.training)
}

/** Those who have come to train: ready, at it, or so much faster that they are done already. */
export function gatheredPeers (view: View): PresentPeer[] {
  return view.filter(({ training, step }) => training || step > 0)
}

/** What somebody's word of when it is due says of its stretches: it gives it where one begins, and where rounds fly, of which nobody's speed is judged, where one lands. @param knownMs from its words before */
export function stretchOf (dueInMs: number | undefined, knownMs: number | undefined): number | undefined {
  return dueInMs !== undefined && dueInMs > 0 ? dueInMs : knownMs
}

export function findPeer (view: View, peerId: string): PresentPeer | undefined {
  return view.find(peer => peer.peerId === peerId)
}

/**
 * The middle value; the larger of the two middle ones for an even count. A minority of either kind, stuck or lying, cannot move it past an honest value.
 */
export function upperMedian (values: readonly number[]): number | undefined {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]
}
