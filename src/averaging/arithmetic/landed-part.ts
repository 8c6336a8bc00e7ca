import type { Part } from '../frame.ts'

/** What a part brought: the mean, who is in it, and the mean less what this peer's own contribution decodes to. */
export interface LandedPart {
  readonly part: Part
  /** Ids of all who are in the mean. */
  readonly members: readonly string[]
  readonly includesSelf: boolean
  /** What this peer's own contribution decodes to, one vector a channel. */
  readonly own: readonly Float32Array[]
  mean (channel: number): Float32Array
  /** mean − Q(own), for the one who lands the part to write over. */
  correction (channel: number): Float32Array
  /** ‖correction‖ of the first channel, before it is written over. */
  correctionNorm (): number
  /** The others' mean less Q(own), over the correction. */
  readonly othersOverCorrection: number
  /** Mean − what it decodes to, where this peer reduced it: what it owes from now on. */
  readonly lost: readonly Float32Array[] | undefined
  /** What is known of others' distance from now on, one a channel; undefined where its codec has no use for it. */
  readonly spreads: ReadonlyArray<Float32Array | undefined>
}
