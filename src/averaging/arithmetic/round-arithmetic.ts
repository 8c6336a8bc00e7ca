import type { MethodSpec } from '../../manifest/schema.ts'
import type { DistanceWatch } from '../../trust/distance-watch.ts'
import type { Channel } from './channel.ts'
import type { LandedPart } from './landed-part.ts'
import type { CodecFamily } from './part-codec.ts'
import { combined } from './vectors.ts'

/** The vectors that a replica keeps beside its fast weights, each flat and as long, or empty where the method has no use for it. */
export const KEPT_VECTORS = ['slow', 'momentum', 'residual', 'velocity', 'pending', 'owed', 'owedMomentum'] as const

/**
 * φ · outer momentum · error feedback's e · momentum correction's u (DGC) · progress made while a round was in flight (CO2) · what an owner's means lost,
 * of values and of momentum.
 */
export type KeptName = typeof KEPT_VECTORS[number]

/** New values of a fragment, and what else a commit changes. */
export type FragmentChange = Partial<Record<KeptName | 'fast' | 'gradient', Float32Array>> & {
  /** Size of this outer step, which CO2's next penalty needs. */
  readonly stepNorm?: number
  /** How far others' vectors lie from this peer's, one a channel; undefined where nothing is known or of use. */
  readonly spreads?: ReadonlyArray<Float32Array | undefined>
}

export interface RoundContext {
  readonly method: MethodSpec
  /** θ of the fragment when the round was opened. */
  readonly sent: Float32Array
  /** The gradient of the fragment, for methods that share it. */
  readonly gradient: Float32Array | undefined
  readonly codecs: CodecFamily
  readonly momentumCodecs: CodecFamily | undefined
  /** A kept vector's values in this fragment, to be read alone; undefined where the method has no use for it. They stay as they are while the round is open. */
  readonly kept: (name: KeptName) => Float32Array | undefined
  /** Size of the fragment's last outer step. */
  readonly lastStepNorm: number
  /** How far others' vectors lie from this peer's, one a channel, as learned so far. */
  readonly spreads: ReadonlyArray<Float32Array | undefined>
  /** By which others' vectors are judged, one a channel. */
  readonly watches: readonly DistanceWatch[]
  /** φ after the last round of this fragment in which others counted, or as this replica began; to be read alone. */
  readonly met: () => Float32Array
}

export interface Landing {
  /** By part; undefined for those that did not land. */
  readonly parts: ReadonlyArray<LandedPart | undefined>
  readonly context: RoundContext
  /** θ now, τ steps after it was sent; to be read alone. */
  readonly now: Float32Array
  /** What late corrections count, 0 to 1. */
  readonly weight: number
  /** Nobody else was in the group: what this peer has need not agree with anyone's, nothing is encoded. */
  readonly isAlone: boolean
}

/** How one kind of shares enters a round and what comes of it. */
export interface RoundArithmetic {
  readonly channels: readonly Channel[]
  /** Slow weights that all members must share for their contributions to mean the same. */
  readonly reference?: Float32Array
  land (landing: Landing): FragmentChange
}

export function keptOrZero ({ kept, sent }: RoundContext, name: KeptName): Float32Array {
  return kept(name) ?? new Float32Array(sent.length)
}

/**
 * θ when a fragment lands: αθ + (1−α)φ (Streaming DiLoCo, arXiv 2501.18512), or carried, φ + (θ − θ when it was sent), which keeps whatever was learned
 * during the flight.
 *
 * @param sent is written over with the result: a round that lands needs it no longer, and fresh memory costs as much as the sum
 */
export function mixed (now: Float32Array, sent: Float32Array, slow: Float32Array, mixing: MethodSpec['mixing'] = 0): Float32Array {
  if (mixing !== 'carry') return combined(mixing, now, 1 - mixing, slow, sent)
  for (let index = 0; index < sent.length; index++) {
    sent[index] = (slow[index] as number) + Math.fround((now[index] as number) - (sent[index] as number))
  }
  return sent
}

/**
 * A Nesterov step as PyTorch's SGD takes it: v ← μv + Δ ; φ ← φ − η (Δ + μv).
 *
 * @param gradient Δ
 * @param stepped takes the new slow weights; may be any of the others
 */
export function nesterovStep (slow: Float32Array, momentum: Float32Array, gradient: Float32Array, learningRate: number, decay: number, stepped: Float32Array = new Float32Array(slow.length)): { readonly slow: Float32Array, readonly momentum: Float32Array } {
  const moved = new Float32Array(slow.length)
  for (let index = 0; index < stepped.length; index++) {
    const towards = gradient[index] as number
    const speed = Math.fround(decay * (momentum[index] as number) + towards)
    moved[index] = speed
    stepped[index] = (slow[index] as number) - learningRate * (towards + decay * speed)
  }
  return { slow: stepped, momentum: moved }
}

/** Values of landed parts, put together; `otherwise`, or zero, elsewhere. What is a whole already is handed on as it is. */
export function assembled ({ parts, now }: Landing, valuesOf: (part: LandedPart) => Float32Array | undefined, otherwise?: Float32Array): Float32Array {
  const [only] = parts
  if (parts.length === 1) return (only === undefined ? undefined : valuesOf(only)) ?? otherwise ?? new Float32Array(now.length)
  const result = otherwise?.slice() ?? new Float32Array(now.length)
  for (const landed of parts) {
    const values = landed === undefined ? undefined : valuesOf(landed)
    if (landed !== undefined && values !== undefined) result.set(values, landed.part.start)
  }
  return result
}

/** What was learned of the others' distance; nothing alone. */
export function spreadsAfter ({ parts }: Landing): Pick<FragmentChange, 'spreads'> {
  const [whole] = parts
  return parts.length === 1 && whole !== undefined ? { spreads: whole.spreads } : {}
}

/** What owners owe after this round: their last loss where they reduced, what they owed before elsewhere. */
export function owedAfter (landing: Landing): Pick<FragmentChange, 'owed' | 'owedMomentum'> {
  const { kept } = landing.context
  const owed = kept('owed')
  const owedMomentum = kept('owedMomentum')
  return {
    ...owed === undefined ? {} : { owed: assembled(landing, ({ lost }) => lost?.[0], owed) },
    ...owedMomentum === undefined ? {} : { owedMomentum: assembled(landing, ({ lost }) => lost?.[1], owedMomentum) }
  }
}
