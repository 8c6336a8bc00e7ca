import type { DistanceWatch } from '../../trust/distance-watch.ts'
import type { Receiving } from './contribution-codec.ts'
import type { CodecFamily } from './part-codec.ts'

/** One vector that a fragment's members average. */
export interface Channel {
  /** This peer's own, as long as the fragment. */
  readonly values: Float32Array
  readonly codecs: CodecFamily
  /** What this peer, as an owner, still owes the group: rounding that earlier means lost. */
  readonly owed: Float32Array | undefined
  /** How far others' vectors lie from this peer's, as learned so far; for codecs that make use of it. */
  readonly spreads?: Float32Array | undefined
  /** How far this peer has moved since the last round of this fragment. */
  readonly moved?: () => Float32Array
  /** How far others' vectors usually lie from this one, by which they are judged; nobody is where it is left out. */
  readonly watch?: DistanceWatch | undefined
  /** This peer's own way since it last averaged: root mean square per value. */
  readonly way?: () => number
}

export interface Vectors {
  readonly tokens: number
  /** Decoded, one a channel. */
  readonly values: readonly Float32Array[]
  /** How far they lie from this peer's own, where a channel's codec learns from that. */
  readonly spreads?: ReadonlyArray<Float32Array | undefined>
}

/** A contribution that is here; not all of it can be decoded as yet. */
export interface Arriving {
  readonly tokens: number
  readonly channels: readonly Receiving[]
}
