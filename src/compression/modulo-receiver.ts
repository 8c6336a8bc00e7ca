import { padded } from '../codec-kernels/kernels.ts'
import { DigitReader } from './digits.ts'
import { corrupt } from './header.ts'
import { LARGEST_INDEX, moduliOf } from './modulo-grid.ts'
import { GROUP, groupKernels, groupsOf, loadDithered, loadIndices } from './modulo-group.ts'
import type { Group, GroupKernels } from './modulo-group.ts'
import { MOST_WIDENINGS, openMessage, readHead, widenedBy, writeMessage, writeWidenings } from './modulo-messages.ts'
import type { ModuloHead, ModuloSettings } from './modulo-messages.ts'
import type { ReferencedReceiver } from './referenced-codec.ts'
import { blockSpreads } from './spreads.ts'

/** How a block stands with the receiver, as the kernels have it. */
const FITS = 0
const REPAIRED = 1
const MISSING = 2

/** What is known so far of a group of which not every block fits. */
interface OpenGroup {
  readonly residues: Float64Array
  readonly indices: Int32Array
}

/** The other side: decodes against its own vector, repairs what its checks allow, and asks for more where they do not. */
export class ModuloReceiver implements ReferencedReceiver {
  readonly #settings: ModuloSettings
  readonly #reference: Float32Array
  readonly #seed: number
  readonly #head: ModuloHead
  readonly #groups: readonly Group[]
  readonly #open = new Map<Group, OpenGroup>()
  readonly #moduli: Float64Array
  readonly #widenings: Uint8Array
  /** How often it has been widened. */
  #widening = 0
  readonly #standing: Uint8Array
  /** Where values lie beyond the grid, by number of the group. */
  readonly #escaped = new Map<number, number[]>()
  /** Nobody sees them before all of them fit. */
  readonly #values: Float32Array
  #decoded: Float32Array | undefined

  constructor (settings: ModuloSettings, reference: Float32Array, message: Uint8Array) {
    const length = reference.length
    const { seed, from } = openMessage(settings, 'values', length, message)
    this.#settings = settings
    this.#reference = reference
    this.#seed = seed
    this.#head = readHead(from, settings, length)
    this.#groups = groupsOf(length, settings.block)
    this.#moduli = moduliOf(this.#head.rungs)
    this.#widenings = new Uint8Array(this.#moduli.length)
    this.#standing = new Uint8Array(this.#moduli.length).fill(MISSING)
    for (const [at] of this.#head.escapes) {
      const group = Math.floor(at / GROUP)
      const others = this.#escaped.get(group)
      if (others === undefined) this.#escaped.set(group, [at])
      else others.push(at)
    }
    this.#values = new Float32Array(length)
    this.#decodeFirst(from.bytes.subarray(from.at))
  }

  get decoded (): Float32Array | undefined {
    return this.#decoded
  }

  get spreads (): Float32Array | undefined {
    if (this.#decoded === undefined) return undefined
    const rounding = this.#head.step ** 2 / 12
    return blockSpreads(this.#decoded, this.#reference, this.#settings.block).map(spread => Math.sqrt(Math.max(0, spread ** 2 - rounding)))
  }

  request (): Uint8Array | undefined {
    if (this.#decoded !== undefined) return undefined
    if (this.#widening === MOST_WIDENINGS) throw corrupt('its weights fit at no width')
    return writeMessage(this.#settings, 'request', this.#reference.length, this.#seed, to => writeWidenings(to, { to: this.#widening + 1, asked: this.#wanted() }))
  }

  widen (message: Uint8Array): void {
    if (this.#decoded !== undefined) return
    const { from } = openMessage(this.#settings, 'widening', this.#reference.length, message)
    const wanted = this.#wanted()
    const widening = ++this.#widening
    const radices = this.#moduli.map((modulus, index) => wanted[index] === 0 ? 1 : widenedBy(this.#widenings[index] as number, widening, modulus))
    this.#addDigits(from.bytes.subarray(from.at), radices)
    wanted.forEach((asked, index) => {
      if (asked === 0) return
      this.#moduli[index] = (this.#moduli[index] as number) * (radices[index] as number)
      this.#widenings[index] = widening
      this.#standing[index] = MISSING
    })
    const kernels = groupKernels()
    for (const [group, { residues, indices }] of [...this.#open]) {
      loadResidues(kernels, residues)
      this.#decodeGroup(kernels, group, indices)
    }
    this.#finish()
  }

  /** For each block that is missing 1 and its widening so far, else 0. The last time nothing is left to suspicion: all of a group that does not fit. */
  #wanted (): Uint8Array {
    const isLast = this.#widening + 1 === MOST_WIDENINGS
    const wanted = new Uint8Array(this.#standing.length)
    for (const { firstBlock, endBlock } of this.#open.keys()) {
      for (let index = firstBlock; index < endBlock; index++) if (isLast || this.#standing[index] === MISSING) wanted[index] = (this.#widenings[index] as number) + 1
    }
    return wanted
  }

  /** Group by group while its residues lie in the kernels' memory. */
  #decodeFirst (bytes: Uint8Array): void {
    const kernels = groupKernels()
    const digits = new DigitReader(kernels, bytes)
    const knowns = new Float64Array(GROUP / this.#settings.block).fill(1)
    const [residues, indices] = [new Float64Array(GROUP), new Int32Array(GROUP)]
    for (const group of this.#groups) {
      const { count, firstBlock, endBlock } = group
      loadResidues(kernels, residues)
      digits.read({ count, block: this.#settings.block, knowns, radices: this.#moduli.subarray(firstBlock, endBlock) })
      this.#decodeGroup(kernels, group, indices)
    }
    refuseRest(digits)
    this.#finish()
  }

  /** Takes in what a widening says of the groups that are open, once it has been read to its end. */
  #addDigits (bytes: Uint8Array, radices: Float64Array): void {
    const kernels = groupKernels()
    const digits = new DigitReader(kernels, bytes)
    const added = [...this.#open].map(([{ count, firstBlock, endBlock }, known]) => {
      loadResidues(kernels, known.residues)
      digits.read({ count, block: this.#settings.block, knowns: this.#moduli.subarray(firstBlock, endBlock), radices: radices.subarray(firstBlock, endBlock) })
      return [known, residuesOf(kernels, count)] as const
    })
    refuseRest(digits)
    for (const [known, residues] of added) known.residues.set(residues)
  }

  #finish (): void {
    if (this.#open.size > 0) return
    for (const [at, value] of this.#head.escapes) this.#values[at] = value
    this.#decoded = this.#values
  }

  /** Decodes the group whose residues lie in the kernels' memory, all but the blocks that fit already. */
  #decodeGroup (kernels: GroupKernels, group: Group, known: Int32Array): void {
    const { at, floats, signed, bytes } = kernels
    const { residues, places, moduli, checks, standing, widenings, powers, suspects, indices } = kernels.group
    const { start, count, firstBlock, endBlock } = group
    this.#load(kernels, group, known)
    kernels.decodeBlocks(residues, places, count, this.#settings.block, moduli, checks, standing, widenings, powers, suspects, indices)
    kernels.gridToValues(indices, at.noise, padded(count), this.#head.step, at.values)
    this.#values.set(floats.subarray(at.values / 4, at.values / 4 + count), start)
    this.#standing.set(bytes.subarray(standing, standing + endBlock - firstBlock), firstBlock)
    this.#suspect(group, kernels.fingerprint(indices, count, start) >>> 0)
    if (this.#standing.subarray(firstBlock, endBlock).includes(MISSING)) this.#open.set(group, { residues: residuesOf(kernels, count), indices: signed.slice(indices / 4, indices / 4 + count) })
    else this.#open.delete(group)
  }

  /** Puts into the kernels' memory all else that a group is decoded from. */
  #load (kernels: GroupKernels, group: Group, known: Int32Array): void {
    const { at, doubles, shorts, bytes } = kernels
    const { places, residues, moduli, checks, standing, widenings } = kernels.group
    const { number, start, count, firstBlock, endBlock } = group
    loadDithered(kernels, this.#reference, this.#seed, group)
    loadIndices(kernels, known.subarray(0, count), this.#settings.block)
    kernels.valuesToPlaces(at.values, padded(count), this.#head.step, at.noise, LARGEST_INDEX, places)
    // The index of what lies beyond the grid is 0 by agreement, and never suspected.
    for (const escaped of this.#escaped.get(number) ?? []) doubles[places / 8 + escaped - start] = doubles[residues / 8 + escaped - start] = 0
    doubles.set(this.#moduli.subarray(firstBlock, endBlock), moduli / 8)
    shorts.set(this.#head.checks.subarray(firstBlock, endBlock), checks / 2)
    bytes.set(this.#standing.subarray(firstBlock, endBlock), standing)
    bytes.set(this.#widenings.subarray(firstBlock, endBlock), widenings)
  }

  /** What passes the blocks' checks by chance does not pass its group's: then repaired blocks are suspected first, else all. */
  #suspect ({ number, firstBlock, endBlock }: Group, fingerprint: number): void {
    const standing = this.#standing.subarray(firstBlock, endBlock)
    if (standing.includes(MISSING) || fingerprint === this.#head.fingerprints[number]) return
    const suspect = standing.includes(REPAIRED) ? REPAIRED : FITS
    standing.forEach((state, index) => { if (state === suspect) standing[index] = MISSING })
  }
}

function refuseRest (digits: DigitReader): void {
  if (!digits.isWhole) throw corrupt('its digits do not end where they began')
}

function loadResidues ({ group, doubles }: GroupKernels, residues: Float64Array): void {
  doubles.set(residues, group.residues / 8)
}

function residuesOf ({ group, doubles }: GroupKernels, count: number): Float64Array {
  return doubles.slice(group.residues / 8, group.residues / 8 + count)
}
