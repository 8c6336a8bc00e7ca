import { checkHeader, corrupt, dataViewOf, headerBytes, seal, writeHeader } from './header.ts'
import { checkStep, MAXIMUM_WIDTH } from './modulo-grid.ts'

/** The three messages of an exchange with side information; each is a header, a body of its own and residue bits. */
export type ModuloKind = 'modulo' | 'missing' | 'widening'

/** A body of `bytes` behind its header, to be filled and then sealed. */
export interface Draft {
  readonly message: Uint8Array
  readonly body: Uint8Array
}

export function draft (kind: ModuloKind, block: number, length: number, seed: number, bodyBytes: number): Draft {
  const spec = `${kind}(${block})`
  const message = new Uint8Array(headerBytes(spec) + bodyBytes)
  writeHeader(message, { spec, length, seed, shapes: 0 })
  return { message, body: message.subarray(headerBytes(spec)) }
}

export function sealed ({ message }: Draft): Uint8Array {
  seal(message)
  return message
}

/** Longest body: widths, checks and residues of 24 bits for every value, and the numbers of all blocks. */
function maximumBytes (length: number, block: number): number {
  return 64 + 4 * length + 8 * Math.ceil(length / block)
}

/** @throws ShoalError CODEC_CORRUPT */
export function opened (message: Uint8Array, kind: ModuloKind, block: number, length: number): { readonly body: Uint8Array, readonly seed: number } {
  const spec = `${kind}(${block})`
  const seed = checkHeader(message, { spec, length, shapes: 0 }, maximumBytes(length, block))
  return { body: message.subarray(headerBytes(spec)), seed }
}

/** Step (4 bytes), fingerprint of everything (4), then widths (1 byte a block), checks (2 a block) and residues. */
export const MODULO_FIXED_BYTES = 8
export const BLOCK_BYTES = 3

export interface ModuloBody {
  readonly step: number
  readonly fingerprint: number
  readonly widths: Uint8Array
  readonly checks: Uint16Array
  readonly residues: Uint8Array
}

/** @throws ShoalError CODEC_CORRUPT */
export function readModuloBody (body: Uint8Array, block: number, length: number): ModuloBody {
  const blocks = Math.ceil(length / block)
  const residuesAt = MODULO_FIXED_BYTES + BLOCK_BYTES * blocks
  if (body.length < residuesAt) throw corrupt('it ends too early')
  const widths = body.subarray(MODULO_FIXED_BYTES, MODULO_FIXED_BYTES + blocks)
  if (widths.some(width => width > MAXIMUM_WIDTH)) throw corrupt('a block claims too wide residues')
  const residues = body.subarray(residuesAt)
  const bits = widths.reduce((sum, width, index) => sum + width * Math.min(block, length - index * block), 0)
  if (residues.length !== Math.ceil(bits / 8)) throw corrupt(`it has ${residues.length} bytes of residues, expected ${Math.ceil(bits / 8)}`)
  const view = dataViewOf(body)
  return { step: checkStep(view.getFloat32(0, true)), fingerprint: view.getUint32(4, true), widths, checks: Uint16Array.from({ length: blocks }, (_, index) => view.getUint16(MODULO_FIXED_BYTES + blocks + 2 * index, true)), residues }
}

/** Numbers of blocks, 4 bytes each, ascending. @throws ShoalError CODEC_CORRUPT */
export function readMissing (body: Uint8Array, block: number, length: number): readonly number[] {
  if (body.length % 4 !== 0) throw corrupt('a block number is cut short')
  const view = dataViewOf(body)
  const missing = Array.from({ length: body.length / 4 }, (_, index) => view.getUint32(4 * index, true))
  if (missing.some((number, index) => number >= Math.ceil(length / block) || number <= (missing[index - 1] ?? -1))) throw corrupt('it asks for blocks that are not there')
  return missing
}

/** Appends numbers of any width up to 24 bits, lowest bit first. */
export class BitSink {
  readonly #bytes: Uint8Array
  #at = 0
  #pending = 0
  #pendingBits = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
  }

  write (value: number, width: number): void {
    this.#pending |= value << this.#pendingBits
    for (this.#pendingBits += width; this.#pendingBits >= 8; this.#pendingBits -= 8) {
      this.#bytes[this.#at++] = this.#pending
      this.#pending >>>= 8
    }
  }

  finish (): void {
    if (this.#pendingBits > 0) this.#bytes[this.#at] = this.#pending
  }
}

/** Reads what {@link BitSink} wrote; zeros behind the end. */
export class BitSource {
  readonly #bytes: Uint8Array
  #at = 0
  #pending = 0
  #pendingBits = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read (width: number): number {
    for (; this.#pendingBits < width; this.#pendingBits += 8) this.#pending |= (this.#bytes[this.#at++] ?? 0) << this.#pendingBits
    const value = this.#pending & (1 << width) - 1
    this.#pending >>>= width
    this.#pendingBits -= width
    return value
  }
}
