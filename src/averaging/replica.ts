import type { Codec } from '../compression/codec.ts'
import { createCodec } from '../compression/codec.ts'
import { ShoalError } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import type { OuterState } from './outer-optimizer.ts'
import { OuterOptimizer } from './outer-optimizer.ts'
import type { Contribution } from './round-state.ts'

/** 2⁶³: the square of a larger weight overflows float32 in the next forward pass, so no honest replica holds one. */
const LARGEST_WEIGHT = 2 ** 63
/** Tokens count up to this ratio: pairs further apart in speed seldom meet (decision 0003). */
const LARGEST_TOKEN_RATIO = 4

/** One peer's weights in a round: what it sends, what it accepts from a partner, and the outer step. */
export class Replica {
  readonly outer: OuterOptimizer
  readonly #codec: Codec
  readonly #fast: Float32Array
  /** Q(θ_i): what our own contribution decodes to. */
  readonly #own: Float32Array
  /** Q(θ_j), and in the step the correction that it stands for. */
  readonly #theirs: Float32Array
  readonly #encoded: Uint8Array

  /**
   * @param fast θ, which the trainer owns and moves between rounds
   * @throws ShoalError METHOD_UNSUPPORTED, CODEC_SPEC, CHECKPOINT_INCOMPATIBLE
   */
  constructor (method: MethodSpec, fast: Float32Array, state?: OuterState) {
    refuseBeyondPairs(method)
    this.#codec = createCodec(method.codec)
    this.#fast = fast
    this.outer = new OuterOptimizer(method.outer, fast, state)
    const shared = method.groupSize !== 1 ? fast.length : 0
    this.#own = new Float32Array(shared)
    this.#theirs = new Float32Array(shared)
    this.#encoded = new Uint8Array(shared === 0 ? 0 : this.#codec.maximumBytes(shared))
  }

  /**
   * θ encoded, in bytes of its own: a link may still be sending them when the next round is encoded.
   *
   * @throws ShoalError CODEC_CORRUPT when θ is not finite
   */
  encode (): Uint8Array {
    const payload = this.#encoded.slice(0, this.#codec.encode(this.#fast, this.#encoded))
    this.#own.fill(0)
    this.#codec.decodeAccumulate(payload, 1, this.#own)
    return payload
  }

  /**
   * Decodes a partner's contribution without moving a weight; {@link encode} comes first.
   *
   * @returns the root mean square difference between what the two contributions decode to
   * @throws ShoalError CODEC_CORRUPT
   */
  verify ({ tokens, payload }: Contribution): number {
    if (!Number.isSafeInteger(tokens) || tokens < 0) throw refusal(`it claims ${tokens} tokens`)
    this.#theirs.fill(0)
    this.#codec.decodeAccumulate(payload, 1, this.#theirs)
    let squares = 0
    for (let index = 0; index < this.#theirs.length; index++) {
      const value = this.#theirs[index] as number
      if (value > LARGEST_WEIGHT || value < -LARGEST_WEIGHT) throw refusal(`weight ${index} is ${value}`)
      squares += (value - (this.#own[index] as number)) ** 2
    }
    return Math.sqrt(squares / Math.max(1, this.#theirs.length))
  }

  /** The outer step with the verified partner, each weighted by its tokens. */
  average (ownTokens: number, theirTokens: number): void {
    const theirWeight = partnerWeight(ownTokens, theirTokens)
    for (let index = 0; index < this.#theirs.length; index++) {
      this.#theirs[index] = theirWeight * ((this.#theirs[index] as number) - (this.#own[index] as number))
    }
    this.outer.apply(this.#fast, this.#theirs)
  }

  /** The outer step of a group of one. */
  stepAlone (): void {
    this.outer.apply(this.#fast)
  }

  /** Takes over another replica's weights: φ ← θ ← weights, m ← 0. */
  adopt (weights: Float32Array): void {
    if (weights.length !== this.#fast.length) throw new RangeError(`the snapshot has ${weights.length} weights, the model ${this.#fast.length}`)
    this.#fast.set(weights)
    this.outer.reset(weights)
  }
}

/** Whole weights in pairs, or alone, are all that this replica knows; `FrameReplica` has the rest. */
function refuseBeyondPairs ({ outer, groupSize, fragments, overlapSteps, shares }: MethodSpec): void {
  const isKnown = (outer.kind === 'noloco' || outer.kind === 'average') && (groupSize === 1 || groupSize === 2) && (shares ?? 'weights') === 'weights'
  if (isKnown && fragments === 1 && overlapSteps === 0) return
  throw new ShoalError({
    code: 'METHOD_UNSUPPORTED',
    what: 'The round machine cannot run this method',
    why: 'it averages whole replicas in pairs with noloco or average, or trains alone',
    tryThis: 'Use --method noloco.'
  })
}

/**
 * The partner's share of the pair's mean. Tokens are claimed, not proven: the ratio is bounded, the same way on both
 * sides, so that the weights still sum to one over the pair and a liar gets no more than its share.
 */
export function partnerWeight (ownTokens: number, theirTokens: number): number {
  if (ownTokens <= 0 && theirTokens <= 0) return 0.5
  const ratio = Math.min(Math.max(theirTokens / Math.max(ownTokens, 1), 1 / LARGEST_TOKEN_RATIO), LARGEST_TOKEN_RATIO)
  return ratio / (1 + ratio)
}

function refusal (why: string): ShoalError {
  return new ShoalError({
    code: 'CODEC_CORRUPT',
    what: 'The contribution cannot be used',
    why,
    tryThis: 'It was ignored; if it happens often, look at what that peer trains with.'
  })
}
