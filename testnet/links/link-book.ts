import type { LinkProfile } from '../scenarios/links.ts'
import { Bucket } from './bucket.ts'
import type { Path } from './path.ts'
import { pathOver, UNSHAPED } from './path.ts'

/** Whoever is not of this testnet, and is reached as the machine reaches it. */
export const OUTSIDE = ''

interface Line {
  link: LinkProfile
  readonly uplink: Bucket
  readonly downlink: Bucket
}

interface Route {
  readonly link: LinkProfile
  readonly bucket: Bucket
}

/** What the links of a testnet are like at the moment; everything in it may change while bytes are under way. */
export class LinkBook {
  readonly #lines = new Map<string, Line>()
  readonly #routes = new Map<string, Route>()
  /** On which side of a partition each peer is; those not named are together on one more. */
  #sides = new Map<string, number>()
  /** How many stalls each line is in. */
  readonly #stalls = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #limitsRates: boolean

  /** @param limitsRates false where something else limits the rates of lines, so that they take no time here */
  constructor (limitsRates = true) {
    this.#limitsRates = limitsRates
  }

  /** Gives a peer its line, or another one. */
  shape (name: string, link: LinkProfile): void {
    const line = this.#lineOf(name)
    line.link = link
    line.uplink.bytesPerSecond = this.#limitsRates ? link.up ?? Infinity : Infinity
    line.downlink.bytesPerSecond = this.#limitsRates ? link.down ?? Infinity : Infinity
    this.#tell()
  }

  /** Puts something between two peers' lines, in one direction; its rate is for these two alone. */
  route (from: string, to: string, link: LinkProfile): void {
    this.#routes.set(direction(from, to), { link, bucket: new Bucket(link.up ?? Infinity) })
  }

  line (name: string): Readonly<Line> { return this.#lineOf(name) }

  /** What bytes cross one after the other: the sender's uplink, the route, the receiver's downlink. */
  buckets (from: string, to: string): { readonly uplink: Bucket, readonly route: Bucket | undefined, readonly downlink: Bucket } {
    return { uplink: this.#lineOf(from).uplink, route: this.#routes.get(direction(from, to))?.bucket, downlink: this.#lineOf(to).downlink }
  }

  path (from: string, to: string): Path {
    const route = this.#routes.get(direction(from, to))
    return pathOver([this.#lineOf(from).link, ...route === undefined ? [] : [route.link], this.#lineOf(to).link])
  }

  /** Who is on the same side reaches each other; undefined for a line that carries nothing. */
  sideOf (name: string): number | undefined {
    return this.#stalls.has(name) ? undefined : this.#sides.get(name) ?? 0
  }

  /** Whether bytes pass now. */
  isOpen (from: string, to: string): boolean {
    const side = this.sideOf(from)
    return side !== undefined && side === this.sideOf(to)
  }

  /** From here on nothing passes between the sides; connections stay open and silent, as behind a cable that was pulled. */
  partition (sides: ReadonlyArray<readonly string[]>): void {
    this.#sides = new Map(sides.flatMap((side, index) => side.map(name => [name, index + 1])))
    this.#tell()
  }

  heal (): void {
    this.#sides = new Map()
    this.#tell()
  }

  /** The sides of a partition, as they were named; empty when there is none. */
  get sides (): ReadonlyArray<readonly string[]> {
    const sides: string[][] = []
    for (const [name, side] of this.#sides) (sides[side - 1] ??= []).push(name)
    return sides
  }

  /** A line carries nothing until the function that this returns is called. */
  stall (name: string): () => void {
    this.#stalls.set(name, (this.#stalls.get(name) ?? 0) + 1)
    this.#tell()
    return () => {
      const left = (this.#stalls.get(name) ?? 1) - 1
      if (left > 0) this.#stalls.set(name, left)
      else this.#stalls.delete(name)
      this.#tell()
    }
  }

  /** Calls back whenever a way may have opened or closed, or a line is another. Returns the unsubscribe function. */
  onChange (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  #tell (): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #lineOf (name: string): Line {
    const known = this.#lines.get(name)
    if (known !== undefined) return known
    const line = { link: UNSHAPED, uplink: new Bucket(Infinity), downlink: new Bucket(Infinity) }
    this.#lines.set(name, line)
    return line
  }
}

function direction (from: string, to: string): string {
  return `${from} > ${to}`
}
