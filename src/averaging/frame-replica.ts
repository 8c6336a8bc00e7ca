import type { MethodSpec } from '../manifest/schema.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { DistanceWatch } from '../trust/distance-watch.ts'
import { Repeats } from '../trust/repeats.ts'
import { openDeltas } from './arithmetic/deltas-round.ts'
import { openGradients } from './arithmetic/gradients-round.ts'
import { sharesOf, specsOf } from './arithmetic/method-traits.ts'
import { CodecFamily } from './arithmetic/part-codec.ts'
import type { FragmentChange, RoundContext } from './arithmetic/round-arithmetic.ts'
import { KEPT_VECTORS } from './arithmetic/round-arithmetic.ts'
import { openWeights } from './arithmetic/weights-round.ts'
import type { ReplicaSnapshot } from './averaging-state.ts'
import { OpenFragmentRound } from './fragment-round.ts'
import type { Fragment } from './fragments.ts'
import { gather, planFragments, scatter, view } from './fragments.ts'
import type { FragmentRound, ReplicaVectors, RoundPlan } from './frame.ts'
import type { FrameState, SavedState } from './frame-state.ts'
import { KeptVectors } from './frame-state.ts'
import { ladderOf } from './ladder.ts'

export interface FrameReplicaOptions {
  /** This peer's id. */
  readonly self: string
  readonly method: MethodSpec
  readonly layout: ParameterLayout
  /** Of the run: codecs that must draw alike on all members draw from it. */
  readonly seed: number
  /** Its fast weights are where slow weights start: the genesis, or those of the checkpoint that `state` belongs to. */
  readonly vectors: ReplicaVectors
  /** Of either version. */
  readonly state?: SavedState | undefined
}

const openings = { weights: openWeights, deltas: openDeltas, gradients: openGradients } as const

/**
 * One peer's replica in the frame of all first-order methods (algorithms.md): fast weights that its trainer moves, and what the method keeps between rounds, by
 * fragment. It opens rounds; whoever conducts them brings what others send, and commits or abandons.
 */
export class FrameReplica {
  readonly fragments: readonly Fragment[]
  readonly #options: Omit<FrameReplicaOptions, 'state'>
  readonly #kept: KeptVectors
  readonly #codecs: readonly CodecFamily[]
  readonly #momentumCodecs: readonly CodecFamily[]
  /** By fragment, then by channel. */
  readonly #watches: ReadonlyArray<readonly DistanceWatch[]>
  /** Undefined where nobody is suspected: then nobody asks. */
  readonly #repeats: Repeats | undefined
  /** φ after the last round of each fragment in which others counted, or as this replica began; only where members may lie. */
  readonly #met: Float32Array | undefined
  readonly #open = new Map<number, FragmentRound>()

  /**
   * @throws ShoalError CODEC_SPEC, METHOD_UNSUPPORTED for more fragments than the layout has, CHECKPOINT_INCOMPATIBLE
   * @throws RangeError when the vectors do not have the layout's size
   */
  constructor ({ state, ...options }: FrameReplicaOptions) {
    const { method, layout, vectors } = options
    for (const vector of [vectors.fast, vectors.gradient ?? vectors.fast]) {
      if (vector.length !== layout.size) throw new RangeError(`a vector has ${vector.length} values, the layout ${layout.size}`)
    }
    this.#options = options
    this.fragments = planFragments(layout, method.fragments, method.pattern)
    this.#kept = new KeptVectors(method, vectors.fast, this.fragments, state)
    this.#watches = this.fragments.map(() => specsOf(method).map(() => new DistanceWatch()))
    const { outer, robust = 'mean' } = method
    this.#met = robust === 'mean' ? undefined : this.slow.slice()
    this.#repeats = robust === 'mean' ? undefined : new Repeats()
    const [, ...rungs] = ladderOf(method)
    this.#codecs = this.fragments.map(({ shapes }) => new CodecFamily(method.codec, shapes, rungs))
    this.#momentumCodecs = outer.kind === 'gossip' && outer.momentumCodec !== undefined ? this.fragments.map(({ shapes }) => new CodecFamily(outer.momentumCodec as string, shapes)) : []
  }

  /** Slow weights φ as they are, for methods that keep them; θ for the others. */
  get slow (): Float32Array {
    const slow = this.#kept.vector('slow')
    return slow.length > 0 ? slow : this.#options.vectors.fast
  }

  /** Outer momentum as it is, empty for methods without. */
  get momentum (): Float32Array {
    return this.#kept.vector('momentum')
  }

  /**
   * Begins a round of a fragment with what the trainer has learned so far. A fragment has one open round at a time.
   *
   * @throws RangeError for a plan that is none: another fragment, parts that do not cover it, a group without this peer
   */
  open (plan: RoundPlan): FragmentRound {
    const fragment = this.fragments[plan.fragment]
    if (fragment === undefined) throw new RangeError(`there is no fragment ${plan.fragment} among ${this.fragments.length}`)
    if (this.#open.has(plan.fragment)) throw new RangeError(`a round of fragment ${plan.fragment} is open already`)
    const { method, self, seed, vectors } = this.#options
    const sent = gather(vectors.fast, fragment)
    const context: RoundContext = {
      method,
      sent,
      gradient: vectors.gradient === undefined ? undefined : gather(vectors.gradient, fragment),
      codecs: this.#codecs[plan.fragment] as CodecFamily,
      momentumCodecs: this.#momentumCodecs[plan.fragment],
      kept: name => this.#kept.view(name, fragment),
      lastStepNorm: this.#kept.stepNorms[plan.fragment] ?? 0,
      spreads: this.#kept.spreads.of(plan.fragment),
      watches: this.#watches[plan.fragment] as readonly DistanceWatch[],
      met: () => view(this.#met ?? this.slow, fragment)
    }
    const round = new OpenFragmentRound({
      self, seed, plan, context, length: fragment.length, repeats: this.#repeats,
      arithmetic: openings[sharesOf(method)](context),
      now: () => view(vectors.fast, fragment),
      apply: (change, hasMet) => {
        this.#apply(change, fragment)
        if (hasMet && this.#met !== undefined) scatter(view(this.slow, fragment), fragment, this.#met)
      },
      closed: () => { this.#open.delete(plan.fragment) }
    })
    this.#open.set(plan.fragment, round)
    return round
  }

  /**
   * Takes over another replica, with its slow weights and momentum where they came along: a joiner goes on as its sponsor would. What error feedback
   * held back belonged to weights that are gone; rounds under way are abandoned.
   *
   * @throws RangeError for another model's
   */
  adopt ({ weights, slow = weights, momentum }: ReplicaSnapshot): void {
    const { fast } = this.#options.vectors
    for (const vector of [weights, slow]) {
      if (vector.length !== fast.length) throw new RangeError(`the snapshot has ${vector.length} weights, the model ${fast.length}`)
    }
    for (const round of [...this.#open.values()]) round.abandon()
    fast.set(weights)
    this.#kept.reset(slow, momentum)
    this.#met?.set(slow)
  }

  /** What a checkpoint needs beside θ, as copies. Rounds under way are not in it: to a resumed peer they never happened. */
  exportState (): FrameState {
    return this.#kept.exportState(this.#options.vectors.fast)
  }

  #apply (change: FragmentChange, fragment: Fragment): void {
    const { fast, gradient } = this.#options.vectors
    for (const name of KEPT_VECTORS) {
      if (change[name] !== undefined) this.#kept.scatter(name, change[name], fragment)
    }
    if (change.fast !== undefined) scatter(change.fast, fragment, fast)
    if (change.gradient !== undefined && gradient !== undefined) scatter(change.gradient, fragment, gradient)
    if (change.spreads !== undefined) this.#kept.spreads.learn(fragment.index, change.spreads)
    if (change.stepNorm !== undefined) this.#kept.stepNorms[fragment.index] = change.stepNorm
  }
}
