import type { PeerParts } from '../peer/peer-parts.ts'

export interface WeightsMoment {
  readonly runId: string
  readonly step: number
  readonly round: number
  readonly tokens: number
  readonly weights: Float32Array
  readonly heldOutLoss: number | undefined
}

/** Writes weights as a checkpoint that has no optimizer's moments: scalar methods have none. @returns its path */
export async function writeWeights ({ files, network, trainer, samplingSeed }: PeerParts, { weights, heldOutLoss, ...moment }: WeightsMoment): Promise<string> {
  const zeros = new Float32Array(weights.length)
  return files.write({
    ...moment, peerId: network.self, kernelVariant: trainer.kernelVariant, samplingSeed, syncedStep: moment.step, counters: {},
    weights, slow: weights, momentum: new Float32Array(), adamFirst: zeros, adamSecond: zeros, ...heldOutLoss === undefined ? {} : { heldOutLoss }
  })
}
