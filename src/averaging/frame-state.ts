import { ShoalError } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { CodecFamily } from './arithmetic/part-codec.ts'
import { KeptSpreads } from './arithmetic/kept-spreads.ts'
import { keepsMomentum, sharesOf, specsOf } from './arithmetic/method-traits.ts'
import type { KeptName } from './arithmetic/round-arithmetic.ts'
import { KEPT_VECTORS } from './arithmetic/round-arithmetic.ts'
import type { Fragment } from './fragments.ts'
import { scatter, view } from './fragments.ts'

/** What the first version kept. */
export interface OuterState {
  /** Slow weights φ. */
  readonly slow: Float32Array
  /** Momentum m; empty for methods without. */
  readonly momentum: Float32Array
}

/** What a checkpoint keeps of the frame. The first version had slow weights and momentum alone; both are read. */
export interface FrameState extends OuterState {
  readonly version: 2
  /** Vectors by name, beside slow weights and momentum; those that a method has no use for are absent. */
  readonly kept: Readonly<Record<string, Float32Array>>
}

/** A state of either version. */
export type SavedState = OuterState & Partial<FrameState>

/** Under which name the sizes of each fragment's last outer step lie among the kept vectors. */
const STEP_NORMS = 'stepNorms'

/** The vectors that a method keeps between rounds, flat, and those of one fragment in and out of them. */
export class KeptVectors {
  /** Size of each fragment's last outer step, for CO2. In float32, so that a resumed member goes on with the others' bits. */
  readonly stepNorms: Float32Array
  readonly spreads: KeptSpreads
  readonly #vectors: Readonly<Record<KeptName, Float32Array>>

  /**
   * @param fast the weights that slow weights start as
   * @param state of a checkpoint; the first version's lacks what it did not know, which then starts at zero
   * @throws ShoalError CHECKPOINT_INCOMPATIBLE when it belongs to another layout or method
   */
  constructor (method: MethodSpec, fast: Float32Array, fragments: readonly Fragment[], state?: SavedState) {
    const vector = (name: KeptName): Float32Array => new Float32Array(isKept(name, method) ? fast.length : 0)
    this.#vectors = Object.fromEntries(KEPT_VECTORS.map(name => [name, vector(name)])) as Record<KeptName, Float32Array>
    this.#vectors.slow.set(isKept('slow', method) ? fast : [])
    this.stepNorms = new Float32Array(method.outer.kind === 'co2' ? fragments.length : 0)
    this.spreads = new KeptSpreads(specsOf(method).map(spec => new CodecFamily(spec, [[2, 2]]).contribution.block), fragments.map(({ length }) => length))
    if (state !== undefined) this.#restore(state, fast.length)
  }

  /** The live vector, empty where it is not kept. */
  vector (name: KeptName): Float32Array {
    return this.#vectors[name]
  }

  /** A fragment's values, to be read alone; undefined where the vector is not kept. */
  view (name: KeptName, fragment: Fragment): Float32Array | undefined {
    const vector = this.#vectors[name]
    return vector.length === 0 ? undefined : view(vector, fragment)
  }

  scatter (name: KeptName, values: Float32Array, fragment: Fragment): void {
    const vector = this.#vectors[name]
    if (vector.length > 0) scatter(values, fragment, vector)
  }

  /** φ ← slow, m ← momentum or zero, and nothing is held back, owed or pending any more. */
  reset (slow: Float32Array, momentum: Float32Array | undefined): void {
    for (const vector of Object.values(this.#vectors)) vector.fill(0)
    this.stepNorms.fill(0)
    this.spreads.reset()
    if (this.#vectors.slow.length > 0) this.#vectors.slow.set(slow)
    if (momentum?.length === this.#vectors.momentum.length) this.#vectors.momentum.set(momentum)
  }

  /** Copies, so that a checkpoint can be written while training goes on. @param fast what stands for slow weights that are not kept */
  exportState (fast: Float32Array): FrameState {
    const { slow, momentum, ...others } = this.#vectors
    const kept = Object.entries({ ...others, ...this.#short }).filter(([, vector]) => vector.length > 0)
    return {
      version: 2,
      slow: (slow.length > 0 ? slow : fast).slice(),
      momentum: momentum.slice(),
      kept: Object.fromEntries(kept.map(([name, vector]) => [name, vector.slice()]))
    }
  }

  /** What is shorter than the weights. */
  get #short (): Readonly<Record<string, Float32Array>> {
    return { [STEP_NORMS]: this.stepNorms, ...this.spreads.vectors }
  }

  #restore (state: SavedState, size: number): void {
    const { slow, momentum } = this.#vectors
    if (state.slow.length !== size || state.momentum.length !== momentum.length) {
      throw incompatible(`it holds ${state.slow.length} slow weights and ${state.momentum.length} of momentum, the run has ${size} and ${momentum.length}`)
    }
    if (slow.length > 0) slow.set(state.slow)
    momentum.set(state.momentum)
    const known = new Map<string, Float32Array>(Object.entries({ ...this.#vectors, ...this.#short }))
    for (const [name, values] of Object.entries(state.kept ?? {})) {
      const vector = known.get(name)
      if (vector?.length !== values.length) throw incompatible(`it holds ${values.length} values of "${name}", the run has ${vector?.length ?? 'none'}`)
      vector.set(values)
    }
  }
}

function isKept (name: KeptName, method: MethodSpec): boolean {
  const { outer, groupSize } = method
  switch (name) {
    case 'slow': return sharesOf(method) !== 'gradients'
    case 'momentum': return keepsMomentum(outer)
    case 'residual': return method.errorFeedback !== undefined
    case 'velocity': return method.momentumCorrection !== undefined
    case 'pending': return outer.kind === 'co2'
    // Only parts of larger groups have owners.
    case 'owed': return groupSize !== 1 && groupSize !== 2 && !new CodecFamily(method.codec).contribution.lossless
    case 'owedMomentum': return groupSize !== 1 && groupSize !== 2 && outer.kind === 'gossip' && outer.momentumCodec !== undefined
  }
}

function incompatible (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE',
    what: 'The checkpoint does not fit this run',
    why,
    tryThis: 'Resume with the manifest that the checkpoint was made with, or start in a fresh data directory.'
  })
}
