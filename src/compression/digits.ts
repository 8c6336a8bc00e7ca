import { dataViewOf } from './header.ts'
import type { GroupKernels } from './modulo-group.ts'
import { GROUP } from './modulo-group.ts'

/** The two states of the kernels' rANS before the first digit and behind the last. */
const LOWEST_STATE = 1 << 16
const STATE_BYTES = 8
const WORD_BYTES = 2
/** Of a digit, whose radix is at most 2³²: it is split into pieces of 12 bits. */
const MOST_WORD_BYTES = 3 * WORD_BYTES

/** Digits that stand for the indices of a group: which power of the radices before, and which radix, for each of its blocks. A radix of 1 is no digit. */
export interface Places {
  readonly count: number
  readonly block: number
  readonly knowns: Float64Array
  readonly radices: Float64Array
}

function loadPlaces ({ group, doubles }: GroupKernels, { knowns, radices }: Places): void {
  doubles.set(knowns, group.moduli / 8)
  doubles.set(radices, group.radices / 8)
}

/** Writes digits ⌊index / known⌋ mod radix, group by group, the last one first: log₂ radix bits each, whatever the radix, and no table. */
export class DigitWriter {
  readonly #kernels: GroupKernels
  readonly #pieces: Uint8Array[] = []
  #states: Uint32Array = Uint32Array.of(LOWEST_STATE, LOWEST_STATE)

  constructor (kernels: GroupKernels) {
    this.#kernels = kernels
  }

  /** Of the indices in the kernels' memory. */
  prepend (places: Places): void {
    const { at, group, bytes, integers } = this.#kernels
    loadPlaces(this.#kernels, places)
    integers.set(this.#states, at.states / 4)
    const end = at.planes + MOST_WORD_BYTES * GROUP
    const front = this.#kernels.encodeDigits(group.indices, places.count, places.block, group.moduli, group.radices, at.states, end)
    this.#states = integers.slice(at.states / 4, at.states / 4 + 2)
    this.#pieces.push(bytes.slice(front, end))
  }

  /** States, then words as the reader takes them. */
  bytes (): Uint8Array {
    const bytes = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + piece.length, STATE_BYTES))
    this.#states.forEach((state, index) => dataViewOf(bytes).setUint32(4 * index, state, true))
    let at = STATE_BYTES
    for (const piece of [...this.#pieces].reverse()) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }
}

/** Bytes that digits of these radices take at most, when each takes `bits` bits, rounded up. */
export function maximumDigitBytes (bits: number): number {
  return STATE_BYTES + WORD_BYTES * Math.ceil(bits / 16) + WORD_BYTES
}

/** Reads what {@link DigitWriter} wrote, the first group first; zeros behind the end. */
export class DigitReader {
  readonly #kernels: GroupKernels
  readonly #bytes: Uint8Array
  #at = STATE_BYTES
  #states: Uint32Array

  constructor (kernels: GroupKernels, bytes: Uint8Array) {
    this.#kernels = kernels
    this.#bytes = bytes
    this.#states = bytes.length < STATE_BYTES ? new Uint32Array(2) : Uint32Array.of(dataViewOf(bytes).getUint32(0, true), dataViewOf(bytes).getUint32(4, true))
  }

  /** Whether all has been read, to where the writer began. */
  get isWhole (): boolean {
    return this.#at === this.#bytes.length && this.#states.every(state => state === LOWEST_STATE)
  }

  /** Adds known · digit to each of the residues in the kernels' memory. */
  read (places: Places): void {
    const { at, group, bytes, integers } = this.#kernels
    loadPlaces(this.#kernels, places)
    integers.set(this.#states, at.states / 4)
    const next = this.#bytes.subarray(this.#at, this.#at + MOST_WORD_BYTES * places.count)
    bytes.set(next, at.planes)
    bytes.fill(0, at.planes + next.length, at.planes + MOST_WORD_BYTES * places.count)
    this.#at += this.#kernels.decodeDigits(group.residues, places.count, places.block, group.moduli, group.radices, at.states, at.planes) - at.planes
    this.#states = integers.slice(at.states / 4, at.states / 4 + 2)
  }
}
