import { reasonOf } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import type { ParameterLayout } from '../parameters/layout.ts'
import { createLayout } from '../parameters/layout.ts'
import type { Trainer } from '../ports.ts'
import { faultOf } from './arithmetic/refusal.ts'
import { sharesOf, sharesReference } from './arithmetic/method-traits.ts'
import type { FragmentRound, PartMean } from './frame.ts'
import type { FrameReplicaOptions } from './frame-replica.ts'
import { FrameReplica } from './frame-replica.ts'
import type { Fragment } from './fragments.ts'
import { FINGERPRINT_ROUNDS, historyAfter } from './round-history.ts'
import { decodeReference, encodeReference, fingerprintOf, takeOver } from './round-reference.ts'
import type { PlacedMean, RoundAnswers, RoundLanding, RoundResult, RoundTask, RoundTaskKind, RoundWorker, Standing, TaskOf } from './round-worker.ts'

/** In a pair, where alone contributions are asked about, there is one part. */
const WHOLE = 0

/** Nothing came of a round but its record. */
const NOTHING: RoundLanding = { spread: NaN, syncedTokens: undefined, encoding: undefined }

/** The work of a peer's rounds, done when it is asked and where it is asked: weights out, weights in, and the outer step. */
export class RoundWork implements RoundWorker {
  readonly #self: string
  readonly #method: MethodSpec
  readonly #fast: Float32Array
  readonly #replica: FrameReplica
  /** Of the open round, by part. */
  readonly #means = new Map<number, PartMean>()
  #open: FragmentRound | undefined
  /** Whether the open round holds anything of others. */
  #isTouched = false
  #reference: { readonly vectors: readonly Float32Array[], readonly basis: number | undefined } | undefined
  /** Stands for the weights, where gradients are shared; undefined where only they themselves can tell. */
  #history: number | undefined

  /** @throws ShoalError CODEC_SPEC, CHECKPOINT_INCOMPATIBLE, METHOD_UNSUPPORTED */
  constructor (options: FrameReplicaOptions) {
    this.#self = options.self
    this.#method = options.method
    this.#fast = options.vectors.fast
    this.#replica = new FrameReplica(options)
  }

  get fragmentLengths (): readonly number[] {
    return this.#replica.fragments.map(({ length }) => length)
  }

  /** Answers before it returns. */
  ask<Kind extends RoundTaskKind> (task: TaskOf<Kind>, answer: (result: RoundResult<Kind>) => void): void {
    answer(this.#resultOf(task))
  }

  #resultOf<Kind extends RoundTaskKind> (task: TaskOf<Kind>): RoundResult<Kind> {
    try {
      return { kind: 'done', answer: this.#perform(task) as RoundAnswers[Kind] }
    } catch (thrown) {
      return { kind: 'refused', reason: reasonOf(thrown), fault: faultOf(thrown) }
    }
  }

  #perform (task: RoundTask): RoundAnswers[RoundTaskKind] {
    switch (task.kind) {
      case 'take': return this.#take(task)
      case 'replan': this.#replan(task); return undefined
      case 'contribute': return this.#contribute(task.part)
      case 'verify': return this.#standing(task, this.#opened().receive(task.part, task.member, task.contribution))
      case 'ask-wider': return this.#opened().wanting(WHOLE, task.member)
      case 'answer': return this.#opened().widening(WHOLE, task.question)
      case 'widen': return this.#standing({ part: WHOLE, member: task.member }, this.#opened().widen(WHOLE, task.member, task.answer))
      case 'accept': return this.#accept(task)
      case 'reduce': return this.#reduce(task.part)
      case 'forward': return this.#mean(task.part)
      case 'keep': this.#keep(task); return undefined
      case 'give': return { basis: this.#history, payload: encodeReference(this.#replica, this.#fragment(task.fragment)) }
      case 'commit': return this.#land(task)
      case 'abandon': this.#abandon(); return undefined
      case 'adopt': this.#adopt(task); return undefined
      case 'export': return this.#replica.exportState()
      case 'weights': return (task.of === 'slow' ? this.#replica.slow : this.#fast).slice()
    }
  }

  #take ({ plan }: TaskOf<'take'>): number | undefined {
    this.#abandon()
    this.#open = this.#openRound(plan)
    return this.#basisOf(plan.round, plan.fragment)
  }

  #basisOf (round: number, index: number): number | undefined {
    const fingerprint = (): number => fingerprintOf(this.#replica, this.#fragment(index))
    if (sharesReference(this.#method)) return fingerprint()
    if (sharesOf(this.#method) !== 'gradients') return undefined
    if (this.#history === undefined || round % FINGERPRINT_ROUNDS === 0) this.#history = fingerprint()
    return this.#history
  }

  #replan ({ members, parts }: TaskOf<'replan'>): void {
    if (this.#open !== undefined) this.#open.replan({ ...this.#open.plan, members, parts })
  }

  #contribute (part: number): RoundAnswers['contribute'] {
    const open = this.#opened()
    return { round: open.plan.round, fragment: open.plan.fragment, ...open.contribution(part) }
  }

  #accept ({ part, mean }: TaskOf<'accept'>): boolean {
    const counts = this.#opened().accept(part, mean)
    if (counts) this.#means.set(part, mean)
    return this.#touch(counts)
  }

  #reduce (part: number): PlacedMean | undefined {
    this.#means.set(part, this.#opened().reduced(part))
    this.#isTouched = true
    return this.#mean(part)
  }

  #standing ({ part, member }: Pick<TaskOf<'verify'>, 'part' | 'member'>, counts: boolean): Standing {
    if (this.#touch(counts)) return 'verified'
    return this.#opened().wanting(part, member) === undefined ? 'unwanted' : 'incomplete'
  }

  #touch (counts: boolean): boolean {
    this.#isTouched ||= counts
    return counts
  }

  /** A mean that is here, to be sent to a member. It stays here for whoever turns out to lack it, so the asker gets a copy. */
  #mean (part: number): PlacedMean | undefined {
    const { round, fragment, members } = this.#opened().plan
    const mean = this.#means.get(part)
    return mean === undefined ? undefined : { round, fragment, members: mean.members.map(member => members.indexOf(member)), payload: mean.payload.slice() }
  }

  #keep ({ fragment, basis, payload }: TaskOf<'keep'>): void {
    this.#reference = { vectors: decodeReference(payload, this.#replica, this.#fragment(fragment)), basis }
  }

  #adopt ({ snapshot }: TaskOf<'adopt'>): void {
    this.#replica.adopt(snapshot)
    this.#history = undefined
  }

  /** The outer step, whole. @throws ShoalError CODEC_CORRUPT when a result would not be finite */
  #land (task: TaskOf<'commit'>): RoundLanding {
    const { decision: { fragment, ageSteps, takesOver }, tokens } = task
    if (takesOver === true) return this.#goOver(fragment, tokens)
    const open = this.#roundToLand(task)
    if (open === undefined) return NOTHING
    const { spread, encoding } = open.commit(ageSteps)
    if (this.#history !== undefined) this.#history = historyAfter(this.#history, open.plan, this.#means, this.#self)
    const syncedTokens = open.plan.tokens
    this.#open = undefined
    this.#abandon()
    return { spread, syncedTokens, encoding }
  }

  /** What came of others counts in a round with others alone; one peer may not move what all share. */
  #roundToLand ({ decision: { round, fragment, averaged, isApart }, tokens }: TaskOf<'commit'>): FragmentRound | undefined {
    const members = this.#open?.plan.members ?? [this.#self]
    if (!averaged && this.#open === undefined && isApart && sharesReference(this.#method)) return undefined
    if (this.#open !== undefined && (averaged || !this.#isTouched)) return this.#open
    this.#abandon()
    return this.#openRound({ round, fragment, members, tokens })
  }

  #goOver (fragment: number, tokens: number): RoundLanding {
    const reference = this.#reference
    this.#abandon()
    if (reference !== undefined) {
      takeOver(reference.vectors, this.#replica, this.#fragment(fragment), this.#fast)
      this.#history = reference.basis
    }
    return { ...NOTHING, syncedTokens: tokens }
  }

  #openRound (plan: TaskOf<'take'>['plan']): FragmentRound {
    return this.#replica.open({ ...plan, parts: [{ start: 0, end: this.#fragment(plan.fragment).length }] })
  }

  /** Leaves the round under way; nothing has moved. */
  #abandon (): void {
    this.#open?.abandon()
    this.#open = undefined
    this.#reference = undefined
    this.#isTouched = false
    this.#means.clear()
  }

  #opened (): FragmentRound {
    if (this.#open === undefined) throw new RangeError('no round is open')
    return this.#open
  }

  #fragment (index: number): Fragment {
    const fragment = this.#replica.fragments[index]
    if (fragment === undefined) throw new RangeError(`there is no fragment ${index}`)
    return fragment
  }
}

/**
 * The work of a peer's rounds where its trainer is.
 *
 * @param options.layout one vector of all weights when left out
 * @throws ShoalError CODEC_SPEC, CHECKPOINT_INCOMPATIBLE, METHOD_UNSUPPORTED
 */
export function workOn ({ weights, gradients }: Trainer, { layout, ...options }: Omit<FrameReplicaOptions, 'layout' | 'vectors'> & { readonly layout?: ParameterLayout | undefined }): RoundWork {
  return new RoundWork({
    ...options, layout: layout ?? createLayout([{ name: 'weights', shape: [weights.length] }]), vectors: { fast: weights, ...gradients === undefined ? {} : { gradient: gradients.gradient } }
  })
}
