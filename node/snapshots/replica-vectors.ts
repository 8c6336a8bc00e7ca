import { bytesToWeights } from '../../protocols/state/messages.ts'
import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import type { FetchedReplica } from '../../src/transfer/fetch-replica.ts'

/** What was fetched, as what a peer begins from. @param values of each vector */
export function vectorsOf ({ round, step, data }: FetchedReplica, values: number): ReplicaSnapshot {
  const [weights, momentum] = [data.subarray(0, 4 * values), data.subarray(4 * values)].map(bytesToWeights) as [Float32Array, Float32Array]
  return { round, step, weights, ...momentum.length === 0 ? {} : { momentum } }
}
