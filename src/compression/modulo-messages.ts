import { writeSymbols, readSymbols } from './entropy.ts'
import { checkHeader, corrupt, dataViewOf, headerBytes, seal, writeHeader } from './header.ts'
import type { DigitWriter } from './digits.ts'
import { maximumDigitBytes } from './digits.ts'
import { GROUP } from './modulo-group.ts'
import { bitsOfResidue, checkStep, mostEscapes } from './modulo-grid.ts'
import type { Cursor } from './sections.ts'
import { takeBytes, writePacked } from './sections.ts'

export interface ModuloSettings {
  /** The canonical spec. */
  readonly spec: string
  readonly bits: number
  /** Values that share a modulus, a power of two. */
  readonly block: number
  readonly isEntropyCoded: boolean
}

/** The three messages of an exchange, told apart by the mark behind the spec in their headers. */
export type ModuloKind = 'values' | 'request' | 'widening'

const MARKS = { values: '', request: ' ?', widening: ' +' } as const
const RUNG_BITS = 8
/** Two bits a value more, then four, then all there is: whoever asks again and again is sent the vector once, and a round waits for three answers at most. */
export const MOST_WIDENINGS = 3
const RADIX_BITS = [2, 4] as const
/** An index and the place of the reference lie within 2³⁰ of zero: modulo 2³² no two that are congruent can be confused. */
const ALL_BITS = 32
const WIDENING_BITS = 2
const ESCAPE_BYTES = 8
const STATE_ROOM = 64

/** What a block's modulus is multiplied by when it goes from one widening to a later one. @param known the modulus so far */
export function widenedBy (from: number, to: number, known: number): number {
  if (to === MOST_WIDENINGS) return Math.max(1, Math.ceil(2 ** ALL_BITS / known))
  let bits = 0
  for (let widening = from; widening < to; widening++) bits += RADIX_BITS[widening] as number
  return 2 ** bits
}

/** Of any of the three messages. */
export function maximumMessageBytes ({ spec, block }: ModuloSettings, length: number): number {
  const [blocks, groups] = [Math.ceil(length / block), Math.ceil(length / GROUP)]
  return headerBytes(spec + MARKS.request) + STATE_ROOM + ESCAPE_BYTES * mostEscapes(length) + 4 * groups + 3 * blocks + maximumDigitBytes(ALL_BITS * length)
}

/** A residue tells apart what a Gaussian's own bits do and what its modulus reaches beyond that; checks and moduli are said of each block. */
export function expectedMessageBytes ({ spec, bits, block }: ModuloSettings, length: number): number {
  const [blocks, groups] = [Math.ceil(length / block), Math.ceil(length / GROUP)]
  return headerBytes(spec) + STATE_ROOM + 4 * groups + 2.5 * blocks + Math.ceil(length * bitsOfResidue(bits) / 8)
}

/** What the first message says: digits follow. */
export interface ModuloHead {
  readonly step: number
  /** Index and value of what lies beyond the grid. */
  readonly escapes: ReadonlyArray<readonly [number, number]>
  readonly fingerprints: Uint32Array
  readonly checks: Uint16Array
  readonly rungs: Uint8Array
}

export function writeMessage (settings: ModuloSettings, kind: ModuloKind, length: number, seed: number, write: (to: Cursor) => void): Uint8Array {
  const spec = settings.spec + MARKS[kind]
  const to: Cursor = { bytes: new Uint8Array(maximumMessageBytes(settings, length)), at: headerBytes(spec) }
  writeHeader(to.bytes, { spec, length, seed, shapes: 0 })
  write(to)
  const message = to.bytes.slice(0, to.at)
  seal(message)
  return message
}

/** @throws ShoalError CODEC_CORRUPT */
export function openMessage (settings: ModuloSettings, kind: ModuloKind, length: number, bytes: Uint8Array): { readonly seed: number, readonly from: Cursor } {
  const spec = settings.spec + MARKS[kind]
  const seed = checkHeader(bytes, { spec, length, shapes: 0 }, maximumMessageBytes(settings, length))
  return { seed, from: { bytes, at: headerBytes(spec) } }
}

export function writeHead (to: Cursor, { isEntropyCoded }: ModuloSettings, { step, escapes, fingerprints, checks, rungs }: ModuloHead): void {
  const view = dataViewOf(to.bytes)
  view.setFloat32(to.at, step, true)
  view.setUint32(to.at + 4, escapes.length, true)
  to.at += 8
  for (const [index, value] of escapes) {
    view.setUint32(to.at, index, true)
    view.setFloat32(to.at + 4, value, true)
    to.at += ESCAPE_BYTES
  }
  for (const fingerprint of fingerprints) { view.setUint32(to.at, fingerprint, true); to.at += 4 }
  for (const check of checks) { view.setUint16(to.at, check, true); to.at += 2 }
  if (isEntropyCoded) writeSymbols(to, rungs, RUNG_BITS)
  else writePacked(to, rungs)
}

/** @throws ShoalError CODEC_CORRUPT */
export function readHead (from: Cursor, { block }: ModuloSettings, length: number): ModuloHead {
  const view = dataViewOf(takeBytes(from, 8))
  const step = checkStep(view.getFloat32(0, true))
  const count = view.getUint32(4, true)
  if (count > mostEscapes(length)) throw corrupt(`${count} values lie beyond the grid, at most ${mostEscapes(length)} can`)
  const escaped = dataViewOf(takeBytes(from, ESCAPE_BYTES * count))
  const escapes = Array.from({ length: count }, (_, rank) => {
    const [index, value] = [escaped.getUint32(ESCAPE_BYTES * rank, true), escaped.getFloat32(ESCAPE_BYTES * rank + 4, true)]
    if (index >= length || !Number.isFinite(value)) throw corrupt(`value ${index} of ${length} is ${value}`)
    return [index, value] as const
  })
  const [groups, blocks] = [Math.ceil(length / GROUP), Math.ceil(length / block)]
  const fingerprints = dataViewOf(takeBytes(from, 4 * groups))
  const checks = dataViewOf(takeBytes(from, 2 * blocks))
  return {
    step, escapes,
    fingerprints: Uint32Array.from({ length: groups }, (_, group) => fingerprints.getUint32(4 * group, true)),
    checks: Uint16Array.from({ length: blocks }, (_, index) => checks.getUint16(2 * index, true)),
    rungs: readSymbols(from, RUNG_BITS, blocks)
  }
}

/** Digits are the last of a message. */
export function writeDigits (to: Cursor, digits: DigitWriter): void {
  const bytes = digits.bytes()
  to.bytes.set(bytes, to.at)
  to.at += bytes.length
}

/** Which widening is asked for, from 1, and for each block 0, or 1 and the widening that the receiver has. */
export interface Widenings {
  readonly to: number
  readonly asked: Uint8Array
}

export function writeWidenings (cursor: Cursor, { to, asked }: Widenings): void {
  cursor.bytes[cursor.at++] = to
  writeSymbols(cursor, asked, WIDENING_BITS)
}

/** @throws ShoalError CODEC_CORRUPT */
export function readWidenings (from: Cursor, { block }: ModuloSettings, length: number): Widenings {
  const [to] = takeBytes(from, 1) as unknown as readonly [number]
  const asked = readSymbols(from, WIDENING_BITS, Math.ceil(length / block))
  if (from.at !== from.bytes.length || to > MOST_WIDENINGS || asked.some(one => one > to)) throw corrupt('it asks for what is not there')
  return { to, asked }
}
