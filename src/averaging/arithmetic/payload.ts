import { checksum } from '../../compression/checksum.ts'
import { refusal } from './refusal.ts'

const WORD_BYTES = 4

/**
 * A payload is the encodings of a part's vectors: one alone lies there as it is; of several each is led by its length (u32, little-endian). Where the
 * group shares slow weights, their fingerprint comes first.
 */
export function joinPayload (encodings: readonly Uint8Array[], reference: number | undefined): Uint8Array {
  const [only] = encodings
  if (encodings.length === 1 && only !== undefined && reference === undefined) return only
  const sections: Uint8Array[] = reference === undefined ? [] : [word(reference)]
  for (const encoding of encodings) sections.push(...encodings.length === 1 ? [] : [word(encoding.length)], encoding)
  const payload = new Uint8Array(sections.reduce((sum, section) => sum + section.length, 0))
  let at = 0
  for (const section of sections) {
    payload.set(section, at)
    at += section.length
  }
  return payload
}

/**
 * @param count vectors in it
 * @throws ShoalError CODEC_CORRUPT
 */
export function splitPayload (payload: Uint8Array, count: number, hasReference: boolean): { readonly encodings: readonly Uint8Array[], readonly reference: number | undefined } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  let at = 0
  const nextWord = (): number => {
    if (at + WORD_BYTES > payload.length) throw refusal(`it ends after ${payload.length} bytes`)
    at += WORD_BYTES
    return view.getUint32(at - WORD_BYTES, true)
  }
  const reference = hasReference ? nextWord() : undefined
  if (count === 1) return { encodings: [payload.subarray(at)], reference }
  const encodings = Array.from({ length: count }, () => {
    const length = nextWord()
    at += length
    return payload.subarray(at - length, at)
  })
  if (at !== payload.length) throw refusal(`its vectors fill ${at} of ${payload.length} bytes`)
  return { encodings, reference }
}

/** What members compare to know that they hold the same slow weights. */
export function referenceFingerprint (values: Float32Array): number {
  return checksum(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

function word (value: number): Uint8Array {
  const bytes = new Uint8Array(WORD_BYTES)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
