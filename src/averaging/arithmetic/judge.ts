import type { Part } from '../frame.ts'
import type { Channel } from './channel.ts'
import { refusal } from './refusal.ts'
import { distance } from './vectors.ts'

export interface Judgement {
  readonly what: 'contribution' | 'mean'
  /** Whether even the first are judged: where members may lie. */
  readonly fromTheStart: boolean
}

/**
 * Refuses vectors that lie further from this peer's own than any honest member's. Contributions also teach what is usual, refused ones too; means say less of that.
 *
 * @param values decoded, one a channel
 * @throws ShoalError CODEC_CORRUPT
 */
export function judge (channels: readonly Channel[], { start, end }: Part, values: readonly Float32Array[], { what, fromTheStart }: Judgement): void {
  channels.forEach(({ values: own, watch, way }, channel) => {
    if (watch === undefined) return
    const far = distance(values[channel] as Float32Array, own.subarray(start, end)) / Math.sqrt(end - start)
    const limit = watch.limit(way?.() ?? 0, fromTheStart)
    if (what === 'contribution') watch.observe(far)
    if (far > limit) throw refusal(`it lies ${far.toPrecision(3)} a value from this peer's, at most ${limit.toPrecision(3)} is believable`, 'FAR_CONTRIBUTION')
  })
}
