import type { Channel } from './channel.ts'
import type { FragmentChange, Landing, RoundArithmetic, RoundContext } from './round-arithmetic.ts'
import { assembled, keptOrZero, mixed, nesterovStep, owedAfter, spreadsAfter } from './round-arithmetic.ts'
import { add, cut, distance, meanSize, minus, scaled } from './vectors.ts'

interface Momentum {
  readonly learningRate: number
  readonly momentum: number
}

/**
 * Rounds in which weights cross, in the mean-exact form (algorithms.md, "Quantized, keep the mean exact"): a member moves by c_i = mean_g Q − Q_i, the group's
 * mean less what its own contribution decodes to. The shares' weighted sum of these is zero over a group, so a lossy Q never moves the mean.
 * A late correction counts less; a mean that this peer is not in is left alone, for it would pull without being pulled.
 */
export function openWeights (context: RoundContext): RoundArithmetic {
  switch (context.method.outer.kind) {
    case 'noloco': return openNoloco(context, context.method.outer)
    case 'gossip': return openGossip(context, context.method.outer)
    case 'average': return openAverage(context)
    default: throw new RangeError(`${context.method.outer.kind} does not share weights`)
  }
}

/** m ← μm + η[(θ_i − φ_i) + c_i] ; φ_i ← φ_i + m (NoLoCo, arXiv 2506.10911, with γ = η as in its code). */
function openNoloco (context: RoundContext, outer: Momentum): RoundArithmetic {
  const { sent, method } = context
  return {
    channels: [weightsChannel(context, sent)],
    land (landing) {
      const { slow, momentum } = modifiedNesterov(keptOrZero(context, 'slow'), keptOrZero(context, 'momentum'), sent, correctionsOf(landing, 0), outer)
      return { slow, momentum, fast: mixed(landing.now, sent, slow, method.mixing), ...owedAfter(landing), ...spreadsAfter(landing) }
    }
  }
}

/** @param corrections are written over with the momentum */
function modifiedNesterov (slow: Float32Array, momentum: Float32Array, sent: Float32Array, corrections: Float32Array, { learningRate, momentum: decay }: Momentum): { readonly slow: Float32Array, readonly momentum: Float32Array } {
  const stepped = new Float32Array(slow.length)
  for (let index = 0; index < stepped.length; index++) {
    const slowValue = slow[index] as number
    const step = decay * (momentum[index] as number) + learningRate * ((sent[index] as number) - slowValue + (corrections[index] as number))
    corrections[index] = step
    stepped[index] = slowValue + step
  }
  return { slow: stepped, momentum: corrections }
}

/** φ_i ← θ_i + c_i (FedAvg, McMahan 2017). Where nothing landed training goes on undisturbed. */
function openAverage (context: RoundContext): RoundArithmetic {
  const { sent, method } = context
  return {
    channels: [weightsChannel(context, sent)],
    land (landing) {
      const slow = correctionsOf(landing, 0)
      add(slow, 1, sent)
      const landed = mixed(landing.now, sent, slow, method.mixing)
      return { slow, fast: assembled(landing, ({ part }) => cut(landed, part.start, part.end), landing.now), ...owedAfter(landing), ...spreadsAfter(landing) }
    }
  }
}

/**
 * A Nesterov step on this peer's own Δ = φ_i − θ_i, then φ_i ← φ_i + c_i: no consensus error ever enters the momentum, so pairs bear DiLoCo's
 * constants. With a codec of its own the momentum is averaged the same way.
 */
function openGossip (context: RoundContext, outer: Momentum): RoundArithmetic {
  const { sent, method, momentumCodecs } = context
  const before = keptOrZero(context, 'slow')
  const gradient = minus(before, sent)
  const stepped = nesterovStep(before, keptOrZero(context, 'momentum'), gradient, outer.learningRate, outer.momentum, gradient)
  const ofMomentum = momentumCodecs === undefined ? [] : [{ values: stepped.momentum, codecs: momentumCodecs, owed: context.kept('owedMomentum'), spreads: context.spreads[1], watch: context.watches[1], way: () => meanSize(stepped.momentum) }]
  return {
    channels: [weightsChannel(context, stepped.slow), ...ofMomentum],
    land (landing): FragmentChange {
      const { slow, momentum } = stepped
      add(slow, 1, correctionsOf(landing, 0))
      if (momentumCodecs !== undefined) add(momentum, 1, correctionsOf(landing, 1))
      return { slow, momentum, fast: mixed(landing.now, sent, slow, method.mixing), ...owedAfter(landing), ...spreadsAfter(landing) }
    }
  }
}

/** @param values φ or θ, which the round leaves alone until it lands */
function weightsChannel (context: RoundContext, values: Float32Array): Channel {
  const { codecs, kept, spreads, watches, met } = context
  const slow = (): Float32Array => keptOrZero(context, 'slow')
  return { values, codecs, owed: kept('owed'), spreads: spreads[0], moved: () => minus(values, slow()), watch: watches[0], way: () => distance(values, met()) / Math.sqrt(values.length) }
}

/** In a vector that only the caller has. */
function correctionsOf (landing: Landing, channel: number): Float32Array {
  return assembled(landing, landed => {
    if (!landed.includesSelf) return undefined
    const correction = landed.correction(channel)
    return landing.weight === 1 ? correction : scaled(landing.weight, correction)
  })
}
