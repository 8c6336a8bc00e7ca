import type { SnapshotOffer } from './transfer-ports.ts'
import { ATTESTATIONS_NEEDED } from './verdict.ts'

/** A snapshot to fetch: of a round, and where members share their weights to the bit, of one content alone. */
export interface TransferTarget {
  readonly round: number
  /** Only of this content; undefined where replicas differ, and any member's chunk stands for another's. */
  readonly list: string | undefined
}

/**
 * The newest round of which enough members hold a snapshot that others can attest it; else the one that most hold. One that is here in part already
 * comes first, as long as anybody gives the rest.
 *
 * @param isShared whether after a round all chunks are to be of one content
 */
export function chooseRound (offers: readonly SnapshotOffer[], isShared: (round: number) => boolean, begun: number | undefined): TransferTarget | undefined {
  const holders = new Map<number, SnapshotOffer[]>()
  for (const offer of offers) holders.set(offer.round, [...holders.get(offer.round) ?? [], offer])
  const rounds = [...holders].sort(([one], [other]) => other - one)
  const most = Math.max(0, ...rounds.map(([, held]) => held.length))
  const enough = Math.min(most, 1 + ATTESTATIONS_NEEDED)
  const chosen = rounds.find(([round]) => round === begun) ?? rounds.find(([, held]) => held.length >= enough)
  if (chosen === undefined) return undefined
  const [round, held] = chosen
  return { round, list: isShared(round) ? mostCommon(held.map(({ list }) => list)) : undefined }
}

function mostCommon (lists: readonly string[]): string | undefined {
  const count = (list: string): number => lists.filter(other => other === list).length
  return [...lists].sort((one, other) => count(other) - count(one) || (one < other ? -1 : 1))[0]
}
