/**
 * Mean of several replicas' weights, each counted once.
 *
 * @throws RangeError when there are none or their lengths differ
 */
export function meanOfReplicas (replicas: readonly Float32Array[]): Float32Array {
  return weightedMeanOfReplicas(replicas, replicas.map(() => 1 / replicas.length))
}

/**
 * Mean of several replicas' weights, each with its share.
 *
 * @param shares one a replica, summing to 1
 * @throws RangeError when there are none or their lengths differ
 */
export function weightedMeanOfReplicas (replicas: readonly Float32Array[], shares: readonly number[]): Float32Array {
  const first = replicas[0]
  if (first === undefined) throw new RangeError('no replica to average')
  const sum = new Float64Array(first.length)
  replicas.forEach((replica, position) => {
    if (replica.length !== first.length) throw new RangeError(`replicas of ${first.length} and ${replica.length} values cannot be averaged`)
    const share = shares[position] ?? 0
    for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] as number) + share * (replica[index] as number)
  })
  return new Float32Array(sum)
}

/**
 * How far replicas are from one another: √(mean_i ‖θ_i − θ̄‖²) / ‖θ̄‖, so 0 when they agree
 * and 0.01 when a typical one is off by a hundredth of the weights' own size.
 */
export function consensusDistance (replicas: readonly Float32Array[]): number {
  const mean = meanOfReplicas(replicas)
  const meanNormSquared = squaredDistance(mean, undefined)
  const spreadSquared = replicas.reduce((sum, replica) => sum + squaredDistance(replica, mean), 0) / replicas.length
  return meanNormSquared === 0 ? Math.sqrt(spreadSquared) : Math.sqrt(spreadSquared / meanNormSquared)
}

function squaredDistance (vector: Float32Array, origin: Float32Array | undefined): number {
  let sum = 0
  for (let index = 0; index < vector.length; index++) {
    const difference = (vector[index] ?? 0) - (origin?.[index] ?? 0)
    sum += difference * difference
  }
  return sum
}
