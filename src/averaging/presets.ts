import type { MethodSpec } from '../manifest/schema.ts'

/** What all of them share until they say otherwise: whole replicas, nothing in flight. */
const whole = { fragments: 1, overlapSteps: 0, codec: 'fp32', graceMs: 30_000 } as const
const pairs = { ...whole, groupSize: 2, codec: 'int8(64)' } as const
const everyone = { ...whole, groupSize: 'all' } as const
const gradients = { ...everyone, everySteps: 1, shares: 'gradients' } as const

/** Published methods, and ours, as points on the frame's axes. Constants are their authors'; where a paper gives several, the note says which. */
export const presets = {
  /** The mean gradient of every step to the inner optimizer: synchronous data parallelism (Li et al., PyTorch Distributed, VLDB 2020). */
  ddp: { ...gradients, outer: { kind: 'inner' } },
  /** Everyone's weights are replaced by their mean (McMahan 2017); one epoch there, 50 steps here. */
  fedavg: { ...everyone, everySteps: 50, outer: { kind: 'average' } },
  /** Nesterov η=0.7 μ=0.9 (arXiv 2311.08105: H=500; the scaling laws, 2503.09799, use 30 to 100). */
  diloco: { ...everyone, everySteps: 100, shares: 'deltas', outer: { kind: 'nesterov', learningRate: 0.7, momentum: 0.9 } },
  /** η=0.4 μ=0.9, H=100, α=0.5, τ up to 5, E3M0 (arXiv 2501.18512: three layers a fragment; two halves here, whatever the depth). */
  'streaming-diloco': {
    ...everyone, fragments: 2, pattern: 'strided', everySteps: 100, overlapSteps: 5, mixing: 0.5, shares: 'deltas', codec: 'fp4(64) | rans', late: 'drop',
    outer: { kind: 'nesterov', learningRate: 0.4, momentum: 0.9 }
  },
  /** Pair gossip of weights with modified Nesterov, η=γ=0.7, μ=0.5, H=50 (arXiv 2506.10911). */
  noloco: { ...pairs, everySteps: 50, outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 } },
  /** 0.5 % of the weights, the same on every peer, averaged after each step (SPARTA, EXO gym). */
  sparta: { ...everyone, everySteps: 1, codec: 'randk(0.005,plain)', outer: { kind: 'average' } },
  /** A mean that is a whole round of 48 steps old, penalised for it and clipped (arXiv 2401.16265; μ=0.2 keeps a stale step stable). */
  co2: { ...everyone, everySteps: 48, overlapSteps: 48, shares: 'deltas', outer: { kind: 'co2', learningRate: 0.7, momentum: 0.2, clipNorm: 1 } },
  /** Top 64 of 4096 in two bits with error feedback β=0.95, η=1 without momentum, H=30 (arXiv 2508.15706). */
  sparseloco: {
    ...everyone, everySteps: 30, shares: 'deltas', codec: 'topk(0.015625,4096) | int2 | rans', errorFeedback: 0.95,
    outer: { kind: 'nesterov', learningRate: 1, momentum: 0 }
  },
  /** The sign of the mean of top-8 cosine coefficients of 64, in one bit, with decay 0.999 (arXiv 2411.19870). */
  demo: { ...gradients, codec: 'dct(64) | topk(0.125,64) | sign | rans', errorFeedback: 0.999, outer: { kind: 'sign', learningRate: 0.001 } },
  /** Top 0.1 % of the gradient, momentum-corrected with 0.9 (arXiv 1712.01887); wants plain SGD within. */
  dgc: { ...gradients, codec: 'topk(0.001,4096) | fp32', errorFeedback: 1, momentumCorrection: 0.9, outer: { kind: 'inner' } },
  /** Streamed fragments that go on with whoever is there, weighed by tokens (arXiv 2604.21428); DiLoCo's constants. */
  'decoupled-diloco': {
    ...everyone, fragments: 4, everySteps: 100, overlapSteps: 10, mixing: 0.5, shares: 'deltas', codec: 'bf16', quorum: 2, graceMs: 10_000, late: 'drop',
    outer: { kind: 'nesterov', learningRate: 0.7, momentum: 0.9 }
  },
  /** Experts train alone and meet once, at the end (arXiv 2208.03306). */
  'branch-train-merge': { ...whole, groupSize: 1, everySteps: 50, finalMerge: true, outer: { kind: 'average' } },
  /** Ours: streamed fragments over hypercube pairs, momentum decoupled from consensus, mean-exact at few bits, one merge at the end. Tuned by docs/results/methods.md. */
  shoal: {
    ...pairs, pairing: 'hypercube', fragments: 2, pattern: 'strided', everySteps: 40, overlapSteps: 5, mixing: 'carry', codec: 'uniform(4) | rans', late: 'age', finalMerge: true,
    outer: { kind: 'gossip', learningRate: 0.7, momentum: 0.3 }
  },
  /** Random pairs replace their weights by the pair's mean: FedAvg (McMahan 2017) as gossip. */
  'fedavg-pairs': { ...pairs, everySteps: 50, outer: { kind: 'average' } },
  /** Plain local training: what averaging has to beat. */
  solo: { ...pairs, groupSize: 1, everySteps: 50, outer: { kind: 'average' } }
} as const satisfies Record<string, MethodSpec>
