import { shortId } from '../../membership/short-id.ts'
import type { Repeats } from '../../trust/repeats.ts'
import { robustMean } from '../../trust/robust-rule.ts'
import type { RobustRule } from '../../trust/robust-rule.ts'
import type { Part } from '../frame.ts'
import type { Channel } from './channel.ts'
import { refusal } from './refusal.ts'
import { distance, norm, scaled, weightedSum } from './vectors.ts'

/** Of what is usual. All of it lets two colluders of eight cost a twentieth of the loss; half costs honest pairs nothing that can be measured (docs/results/attacks.md). */
const CLIPPED_TO = 0.5

/** What a round believes of what others send, and how much it lets each of them move this peer. */
export class Skeptic {
  readonly #rule: RobustRule
  readonly #channels: readonly Channel[]
  readonly #repeats: Repeats | undefined
  readonly #round: number

  /** @param repeats what was sent and received in rounds before; nobody is asked whether it repeats any where that is left out */
  constructor (rule: RobustRule, channels: readonly Channel[], repeats: Repeats | undefined, round: number) {
    this.#rule = rule
    this.#channels = channels
    this.#repeats = repeats
    this.#round = round
  }

  /** This peer's own, so that nobody sends it back. */
  sent (payload: Uint8Array): void {
    this.#repeats?.remember(payload, `this peer sent in round ${this.#round}`)
  }

  /** @throws ShoalError CODEC_CORRUPT for what was sent before, where members may lie */
  refuseRepeat (member: string, payload: Uint8Array, tokens: number): void {
    const repeated = this.#rule !== 'mean' && tokens > 0 ? this.#repeats?.find(payload) : undefined
    if (repeated !== undefined) throw refusal(`it claims ${tokens} tokens of training and repeats what ${repeated}`, 'REPEATED_CONTRIBUTION')
    this.#repeats?.remember(payload, `${shortId(member)} sent in round ${this.#round}`)
  }

  /**
   * Refuses, where members may lie, a contribution that lies further from this peer's own than any honest member's; refused ones too teach what is usual.
   *
   * @param values decoded, one a channel
   * @throws ShoalError CODEC_CORRUPT
   */
  refuseFar (part: Part, member: string, values: readonly Float32Array[]): void {
    if (this.#rule !== 'mean') this.#judge(part, values, member)
  }

  /** The same of an owner's mean. */
  refuseFarMean (part: Part, values: readonly Float32Array[]): void {
    if (this.#rule !== 'mean') this.#judge(part, values)
  }

  /** What becomes of everyone's vectors. */
  meanOf (vectors: readonly Float32Array[], shares: readonly number[], own: number, channel: number): Float32Array {
    return this.#rule === 'mean' ? weightedSum(vectors, shares) : robustMean(this.#rule, vectors, own, this.#radius(channel, vectors[own]?.length ?? 0))
  }

  /**
   * No longer than half of what is usual: whoever lies moves this peer by no more than an honest member would. Two members' radii differ, so what they move by need not
   * cancel any more.
   *
   * @param ownShare of the mean; the correction is by the others' share of the distance
   */
  clipped (correction: Float32Array, channel: number, ownShare = 0): Float32Array {
    if (this.#rule === 'mean') return correction
    const limit = (1 - ownShare) * this.#radius(channel, correction.length)
    const length = norm(correction)
    return length > limit ? scaled(limit / length, correction) : correction
  }

  #judge ({ start, end }: Part, values: readonly Float32Array[], member?: string): void {
    this.#channels.forEach(({ values: own, watch, way }, channel) => {
      if (watch === undefined) return
      const far = distance(values[channel] as Float32Array, own.subarray(start, end)) / Math.sqrt(end - start)
      const limit = watch.limit(way?.() ?? 0)
      if (member !== undefined) watch.observe(member, far)
      if (far > limit) throw refusal(`it lies ${far.toPrecision(3)} a value from this peer's, at most ${limit.toPrecision(3)} is believable`, 'FAR_CONTRIBUTION')
    })
  }

  /** Euclidean, of so many values. */
  #radius (channel: number, length: number): number {
    const { watch, way } = this.#channels[channel] as Channel
    return CLIPPED_TO * Math.sqrt(length) * (watch?.usual(way?.() ?? 0) ?? Infinity)
  }
}
