import { contentSeed } from '../../compression/checksum.ts'
import { createCodec } from '../../compression/codec.ts'
import type { Codec } from '../../compression/codec.ts'
import { createReferencedCodec, isReferenced } from '../../compression/referenced-codec.ts'
import type { ReferencedCodec } from '../../compression/referenced-codec.ts'
import { initialSpreads } from '../../compression/spreads.ts'
import { refusal } from './refusal.ts'

/** A vector of this peer's on its way out. */
export interface Sending {
  /** What every receiver ends with, to the bit. */
  readonly decoded: Float32Array
  readonly message: Uint8Array
  /** Answers a receiver to which the message was not enough. @throws ShoalError CODEC_CORRUPT */
  widening (request: Uint8Array): Uint8Array
}

/** A vector of another member's on its way in. */
export interface Receiving {
  /** Undefined until it can be trusted. */
  readonly decoded: Float32Array | undefined
  /** How far it lies from this peer's own, where a codec learns from that. */
  readonly spreads: Float32Array | undefined
  /** What to ask the sender for; undefined when nothing is missing. */
  request (): Uint8Array | undefined
  /** @throws ShoalError CODEC_CORRUPT */
  widen (message: Uint8Array): void
}

/** What is known, beside the values, when a vector is sent. */
export interface SendingHints {
  /** Where all members must draw alike. */
  readonly seed: number | undefined
  /** How far others' vectors lie from this one, block by block, as learned so far; of no use to a rung with other blocks. */
  readonly spreads: Float32Array | undefined
  /** How far this peer has moved since it last heard of others. */
  readonly moved?: (() => Float32Array) | undefined
}

/** How contributions travel: on their own, or against what the receiver holds (side information). */
export interface ContributionCodec {
  readonly lossless: boolean
  /** Values that share a spread; undefined where the receiver's vector does not matter. */
  readonly block: number | undefined
  /** The longest of any message about `length` values. */
  maximumBytes (length: number): number
  /** Size of a typical contribution of `length` values. */
  expectedBytes (length: number): number
  /** @throws ShoalError CODEC_CORRUPT when a value is NaN or infinite */
  send (values: Float32Array, hints: SendingHints): Sending
  /** @param own as long as the vector that comes, and unchanged until it has @throws ShoalError CODEC_CORRUPT */
  receive (own: Float32Array, message: Uint8Array): Receiving
}

/** A method has its codec and the rungs of a ladder. */
const MOST_KNOWN = 64
const known = new Map<string, ContributionCodec>()

/** They have no state, so that all replicas whose tensors have the same shapes share theirs. @throws ShoalError CODEC_SPEC */
export function contributionCodec (spec: string, shapes: ReadonlyArray<readonly number[]> = []): ContributionCodec {
  const name = `${spec} of ${JSON.stringify(shapes)}`
  const codec = known.get(name) ?? (isReferenced(spec) ? againstReference(createReferencedCodec(spec)) : byItself(spec, shapes))
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(name, codec)
  return codec
}

function byItself (spec: string, shapes: ReadonlyArray<readonly number[]>): ContributionCodec {
  const codec = createCodec(spec, shapes)
  return {
    lossless: codec.lossless,
    block: undefined,
    maximumBytes: length => codec.maximumBytes(length),
    expectedBytes: length => codec.expectedBytes(length),
    send (values, { seed }) {
      const message = encodeOwn(codec, values, seed)
      return { message, decoded: codec.lossless ? values.slice() : decodeAll(codec, message, values.length), widening: refuseWidening }
    },
    receive: (own, message) => ({ decoded: decodeAll(codec, message, own.length), spreads: undefined, request: () => undefined, widen: refuseWidening })
  }
}

function refuseWidening (): never {
  throw refusal('it says all there is, and more was asked for or sent')
}

/**
 * Replicas that started alike differ by what both have learned since: by √2 of what this one has, and the other may have learned more. Where nothing is said of
 * that, by as much as the values themselves.
 */
const FIRST_SPREAD = 2

function againstReference (codec: ReferencedCodec): ContributionCodec {
  const { block } = codec
  return {
    lossless: false,
    block,
    maximumBytes: length => codec.maximumBytes(length),
    expectedBytes: length => codec.expectedBytes(length),
    send (values, { spreads, moved }) {
      const learned = spreads?.length === Math.ceil(values.length / block) ? spreads : undefined
      const believed = believedSpreads(learned, moved === undefined ? undefined : initialSpreads(moved(), block)) ?? initialSpreads(values, block)
      // Members must not draw alike here: their errors are to be independent.
      const sender = codec.send(values, believed, contentSeed(values))
      return { message: sender.message(), decoded: sender.decoded, widening: request => sender.widening(request) }
    },
    receive: (own, message) => codec.decodeAgainst(own, message)
  }
}

/**
 * What is known from past rounds lies behind while replicas still drift apart faster each round, and too small a spread costs bits where too large a one costs a coarser step:
 * what this peer has moved by since comes on top, as independent of it.
 */
function believedSpreads (known: Float32Array | undefined, moved: Float32Array | undefined): Float32Array | undefined {
  if (moved === undefined) return known
  return known === undefined ? moved.map(distance => FIRST_SPREAD * distance) : known.map((spread, index) => Math.hypot(spread, moved[index] as number))
}

/** Encodes into bytes of their own: a link may still be sending them when the next part is encoded. */
export function encodeOwn (codec: Codec, values: Float32Array, seed: number | undefined): Uint8Array {
  const output = new Uint8Array(codec.maximumBytes(values.length))
  return output.slice(0, codec.encode(values, output, seed))
}

export function decodeAll (codec: Codec, bytes: Uint8Array, length: number): Float32Array {
  const values = new Float32Array(length)
  codec.decodeAccumulate(bytes, 1, values)
  return values
}
