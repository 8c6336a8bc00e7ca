import { DigitReader } from './digits.ts'
import { corrupt } from './header.ts'
import { blockCheck, groupFingerprint, repairBlock } from './modulo-checks.ts'
import { LARGEST_INDEX, eachOnGrid, modulusOf, valueOf } from './modulo-grid.ts'
import { GROUP, MOST_WIDENINGS, openMessage, readHead, widenedBy, writeMessage, writeWidenings } from './modulo-messages.ts'
import type { ModuloHead, ModuloSettings } from './modulo-messages.ts'
import type { ReferencedReceiver } from './referenced-codec.ts'
import { blockSpreads } from './spreads.ts'

/** How a block stands with the receiver. */
const FITS = 0
const REPAIRED = 1
const MISSING = 2

/** The other side: decodes against its own vector, repairs what its checks allow, and asks for more where they do not. */
export class ModuloReceiver implements ReferencedReceiver {
  readonly #settings: ModuloSettings
  readonly #reference: Float32Array
  readonly #seed: number
  readonly #head: ModuloHead
  /** Places of the reference on the sender's grid, and the dither there. */
  readonly #places: Float64Array
  readonly #noise: Float32Array
  readonly #residues: Float64Array
  readonly #moduli: Float64Array
  readonly #widenings: Uint8Array
  /** How often it has been widened. */
  #widening = 0
  readonly #standing: Uint8Array
  readonly #indices: Int32Array
  readonly #escaped: ReadonlySet<number>
  #decoded: Float32Array | undefined

  constructor (settings: ModuloSettings, reference: Float32Array, message: Uint8Array) {
    const length = reference.length
    const { seed, from } = openMessage(settings, 'values', length, message)
    this.#settings = settings
    this.#reference = reference
    this.#seed = seed
    this.#head = readHead(from, settings, length)
    this.#moduli = Float64Array.from(this.#head.rungs, modulusOf)
    this.#widenings = new Uint8Array(this.#moduli.length)
    this.#standing = new Uint8Array(this.#moduli.length).fill(MISSING)
    this.#escaped = new Set(this.#head.escapes.map(([at]) => at))
    this.#places = new Float64Array(length)
    this.#noise = new Float32Array(length)
    this.#indices = new Int32Array(length)
    this.#residues = new Float64Array(length)
    this.#readDigits(from.bytes.subarray(from.at), () => 1, index => this.#moduli[index] as number)
    eachOnGrid(reference, this.#head.step, seed, (index, place, noise) => {
      this.#places[index] = Math.max(-LARGEST_INDEX, Math.min(LARGEST_INDEX, place))
      this.#noise[index] = noise
    })
    this.#decode()
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
    const radixOf = (index: number): number => widenedBy(this.#widenings[index] as number, widening, this.#moduli[index] as number)
    this.#readDigits(from.bytes.subarray(from.at), index => wanted[index] === 0 ? 0 : this.#moduli[index] as number, radixOf)
    wanted.forEach((asked, index) => {
      if (asked === 0) return
      this.#moduli[index] = (this.#moduli[index] as number) * radixOf(index)
      this.#widenings[index] = widening
      this.#standing[index] = MISSING
    })
    this.#decode()
  }

  /** For each block that is missing 1 and its widening so far, else 0. The last time nothing is left to suspicion: all of a group that does not fit. */
  #wanted (): Uint8Array {
    const isLast = this.#widening + 1 === MOST_WIDENINGS
    const blocks = GROUP / this.#settings.block
    return this.#standing.map((standing, index) => {
      const isMissing = standing === MISSING || (isLast && this.#blocksOf(Math.floor(index / blocks)).includes(MISSING))
      return isMissing ? (this.#widenings[index] as number) + 1 : 0
    })
  }

  /** Adds `weight` times a digit to each residue of the blocks that have a weight. */
  #readDigits (bytes: Uint8Array, weightOf: (block: number) => number, radixOf: (block: number) => number): void {
    const digits = new DigitReader(bytes)
    const { block } = this.#settings
    const added = new Float64Array(this.#residues.length)
    for (let index = 0; index < this.#moduli.length; index++) {
      const weight = weightOf(index)
      if (weight === 0) continue
      const radix = radixOf(index)
      const end = Math.min(added.length, (index + 1) * block)
      for (let at = index * block; at < end; at++) added[at] = weight * digits.read(radix)
    }
    if (!digits.isWhole) throw corrupt('its digits do not end where they began')
    added.forEach((value, at) => { this.#residues[at] = (this.#residues[at] as number) + value })
  }

  #decode (): void {
    const open = [...this.#head.fingerprints.keys()].filter(group => this.#blocksOf(group).includes(MISSING))
    this.#standing.forEach((standing, index) => { if (standing === MISSING) this.#standing[index] = this.#decodeBlock(index) })
    open.forEach(group => this.#checkGroup(group))
    if (this.#standing.includes(MISSING)) return
    const decoded = new Float32Array(this.#indices.length)
    for (let at = 0; at < decoded.length; at++) decoded[at] = valueOf(this.#indices[at] as number, this.#noise[at] as number, this.#head.step)
    for (const [at, value] of this.#head.escapes) decoded[at] = value
    this.#decoded = decoded
  }

  #decodeBlock (block: number): number {
    const start = block * this.#settings.block
    const end = Math.min(start + this.#settings.block, this.#indices.length)
    const modulus = this.#moduli[block] as number
    const leans = new Float64Array(end - start)
    for (let at = start; at < end; at++) {
      const [residue, place] = [this.#residues[at] as number, this.#places[at] as number]
      const isEscaped = this.#escaped.size > 0 && this.#escaped.has(at)
      const nearest = isEscaped ? 0 : residue + modulus * Math.round((place - residue) / modulus)
      this.#indices[at] = nearest
      leans[at - start] = isEscaped ? 0 : place - nearest
    }
    const check = this.#head.checks[block] as number
    if (blockCheck(this.#indices, start, end) === check) return FITS
    // Widened, everything is far from the edge: what then does not fit is no accident.
    return this.#widenings[block] === 0 && repairBlock(this.#indices, start, leans, modulus, check) ? REPAIRED : MISSING
  }

  #blocksOf (group: number): Uint8Array {
    const blocks = GROUP / this.#settings.block
    return this.#standing.subarray(group * blocks, (group + 1) * blocks)
  }

  /** What passes the blocks' checks by chance does not pass its group's: then repaired blocks are suspected first, else all. */
  #checkGroup (group: number): void {
    const standing = this.#blocksOf(group)
    if (standing.includes(MISSING)) return
    const start = group * GROUP
    if (groupFingerprint(this.#indices, start, Math.min(start + GROUP, this.#indices.length)) === this.#head.fingerprints[group]) return
    const suspect = standing.includes(REPAIRED) ? REPAIRED : FITS
    standing.forEach((state, index) => { if (state === suspect) standing[index] = MISSING })
  }
}
