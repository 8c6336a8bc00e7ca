import { WireError } from '../../protocols/wire/errors.ts'
import { readShownPass } from '../../src/membership/pass.ts'
import { createCodec } from '../../src/compression/codec.ts'
import { ShoalError } from '../../src/errors.ts'
import { parseInvite } from '../../src/manifest/invite.ts'
import { openManifest } from '../../src/manifest/manifest.ts'
import { splitPayload } from '../../src/averaging/arithmetic/payload.ts'
import { readLengthPrefix } from '../../protocols/wire/frames.ts'
import { VECTORS } from './vectors.ts'

/** Something that reads bytes of strangers, and examples of what it takes. */
export interface Decoder {
  readonly name: string
  readonly examples: readonly Uint8Array[]
  /** Throws a `WireError` or a `ShoalError` for what it does not take, and nothing else. */
  readonly decode: (bytes: Uint8Array) => unknown
}

const VALUES = 96

/** Codecs of every kind of stage, by what they write for a few values. */
const CODECS = ['fp32', 'bf16', 'int8(64)', 'uniform(4) | rans', 'topk(0.1,64) | int2 | rans', 'randk(0.5,plain)', 'sign', 'nf4(64)']

function codecDecoder (spec: string): Decoder {
  const codec = createCodec(spec, [[VALUES]])
  const output = new Uint8Array(codec.maximumBytes(VALUES))
  const values = Float32Array.from({ length: VALUES }, (_, at) => Math.sin(at))
  return {
    name: spec,
    examples: [output.slice(0, codec.encode(values, output, 1))],
    decode: bytes => { codec.decodeAccumulate(bytes, 1, new Float32Array(VALUES)) }
  }
}

const texts = new TextDecoder('latin1')

/** Every decoder of what comes from other peers. */
export function allDecoders (): readonly Decoder[] {
  const messages = new Map<(bytes: Uint8Array) => unknown, Decoder & { readonly examples: Uint8Array[] }>()
  for (const { name, encode, decode } of VECTORS) {
    const known = messages.get(decode) ?? { name, examples: [], decode }
    known.examples.push(encode())
    messages.set(decode, known)
  }
  return [
    ...messages.values(),
    { name: 'length prefix', examples: [Uint8Array.of(0x80, 0x01)], decode: bytes => readLengthPrefix({ byteLength: bytes.length, get: at => bytes[at] as number }) },
    { name: 'pass', examples: [new Uint8Array(16)], decode: bytes => readShownPass(bytes, 'ab'.repeat(32), 'somebody') },
    { name: 'invite', examples: [new TextEncoder().encode('shoal1111111')], decode: bytes => parseInvite(texts.decode(bytes)) },
    { name: 'manifest', examples: [Uint8Array.of(0xa2, 0x61, 0x61, 0x01)], decode: bytes => openManifest(bytes) },
    { name: 'payload of two vectors', examples: [Uint8Array.of(1, 0, 0, 0, 9, 1, 0, 0, 0, 8)], decode: bytes => splitPayload(bytes, 2, true) },
    ...CODECS.map(codecDecoder)
  ]
}

/** A small generator (xorshift32): a fuzzer's time goes into decoders, not into numbers. */
export function randomBits (seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** An example with a few of its bytes, bits, or its length changed. */
export function mutated (example: Uint8Array, random: () => number): Uint8Array {
  const bytes = example.slice()
  for (let changes = 1 + random() % 3; changes > 0 && bytes.length > 0; changes--) {
    const at = random() % bytes.length
    const kind = random() % 4
    if (kind === 0) bytes[at] = random()
    else if (kind === 1) bytes[at] = (bytes[at] as number) ^ 1 << (random() & 7)
    else if (kind === 2) bytes[at] = [0, 0x7f, 0x80, 0xff][random() & 3] as number
    else return random() % 2 === 0 ? bytes.subarray(0, at) : Uint8Array.of(...bytes, ...bytes.subarray(at))
  }
  return bytes
}

export function rawBytes (random: () => number): Uint8Array {
  const bytes = new Uint8Array(random() % 48)
  for (let at = 0; at < bytes.length; at++) bytes[at] = random()
  return bytes
}

/** @returns whether it was taken @throws whatever else than a refusal it meets */
export function feed ({ name, decode }: Decoder, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return true
  } catch (error) {
    if (error instanceof WireError || error instanceof ShoalError) return false
    throw new Error(`${name} met ${String(error)} on ${Buffer.from(bytes).toString('hex')}`, { cause: error })
  }
}

/** Feeds so many inputs to every decoder in turn, mutated and raw. @returns how many were taken, of how many */
export function fuzz (decoders: readonly Decoder[], inputs: number, seed: number): { readonly taken: number, readonly inputs: number } {
  const random = randomBits(seed)
  let taken = 0
  for (let input = 0; input < inputs; input++) {
    const decoder = decoders[random() % decoders.length] as Decoder
    const example = decoder.examples[random() % decoder.examples.length] as Uint8Array
    if (feed(decoder, random() % 3 === 0 ? rawBytes(random) : mutated(example, random))) taken++
  }
  return { taken, inputs }
}
