import { ShoalError } from '../../src/errors.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { inNamespace } from './ip-command.ts'
import { LinkBook } from './link-book.ts'
import { namespaceAbilities } from './namespace-abilities.ts'
import type { NamespaceAbilities } from './namespace-abilities.ts'
import { Namespaces } from './namespaces.ts'
import type { Namespace } from './namespaces.ts'
import { UNSHAPED } from './path.ts'
import { ProxiedLinks } from './proxied-links.ts'

/** What a testnet will ask of its lines. */
export interface LineNeeds {
  /** Every line that a peer has, or gets later. */
  readonly lines: readonly LinkProfile[]
  readonly hasRoutes: boolean
  /** Whether connections are to be broken on purpose. */
  readonly hasResets: boolean
}

/** A peer's place: words that start its process there, where it listens, and the gateway through which it dials, where it has one. */
export interface NamespacedPeer {
  readonly launcher: readonly string[]
  readonly listen: string
  /** `host:port` */
  readonly gateway: string | undefined
}

/** Each peer has its own port beside its own address: a gateway tells by it who is dialled. */
const FIRST_PORT = 4001

/**
 * Lines between peers that have a network namespace each: rates and, where it has netem, delays are the kernel's. What it lacks is the proxy's: each peer then dials through a
 * gateway of this process, which is at the same switch, so that bytes cross the sender's uplink and the receiver's downlink in the kernel and wait between the two.
 */
export class NamespacedLinks {
  readonly book: LinkBook
  /** Who does what, in a sentence. */
  readonly about: string
  readonly #namespaces: Namespaces
  readonly #proxied: ProxiedLinks | undefined
  readonly #peers = new Map<string, { readonly place: Namespace, link: LinkProfile, side: number | undefined }>()
  #failure: Error | undefined

  private constructor (abilities: NamespaceAbilities, lacks: readonly string[], seed: number) {
    this.#namespaces = new Namespaces(abilities)
    this.#proxied = lacks.length === 0 ? undefined : new ProxiedLinks(seed, 'the kernel limits rates')
    this.book = this.#proxied?.book ?? new LinkBook()
    this.about = lacks.length === 0 ? 'the kernel carries everything between the peers’ namespaces' : `the kernel limits rates between the peers’ namespaces, and the proxy does what it lacks: ${lacks.join(', ')}`
    this.book.onChange(() => { this.#follow() })
  }

  /** @throws ShoalError USAGE where this machine gives no namespaces */
  static async create (seed: number, needs: LineNeeds): Promise<NamespacedLinks> {
    const abilities = await namespaceAbilities()
    if (abilities.refusal === undefined) return new NamespacedLinks(abilities, lacksOf(abilities, needs), seed)
    throw new ShoalError({
      code: 'USAGE', what: 'the peers cannot have network namespaces here', why: abilities.refusal,
      tryThis: '--links proxy needs no privileges and plays the same lines'
    })
  }

  /** Gives a peer its namespace and its line. */
  async open (name: string, link: LinkProfile): Promise<NamespacedPeer> {
    const port = FIRST_PORT + this.#peers.size
    const peer = { place: await this.#namespaces.open(this.#kernelsOf(link)), link, side: 0 }
    this.#peers.set(name, peer)
    const host = this.#namespaces.hostAddress
    const gateway = await this.#proxied?.open(name, link, host)
    if (gateway === undefined) this.book.shape(name, link)
    else this.#proxied?.place(name, port)
    return { launcher: inNamespace(peer.place.name), listen: `/ip4/${peer.place.address}/tcp/${port}`, gateway: gateway === undefined ? undefined : `${host ?? ''}:${gateway}` }
  }

  /** Breaks every connection of a peer. */
  reset (name: string): void {
    this.#proxied?.reset(name)
  }

  /** Resolves once the kernel's lines are as the book says. @throws what the kernel refused since it was last told */
  async settled (): Promise<void> {
    await this.#namespaces.settled()
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
  }

  async close (): Promise<void> {
    await this.#proxied?.close()
    await this.#namespaces.close()
  }

  /** What of a line is the kernel's to do. */
  #kernelsOf (link: LinkProfile): LinkProfile {
    return this.#proxied === undefined ? link : { ...UNSHAPED, ...link.up === undefined ? {} : { up: link.up }, ...link.down === undefined ? {} : { down: link.down } }
  }

  /** Lines become what the book says of them. A way that the proxy carries is closed by the proxy. */
  #follow (): void {
    for (const [name, peer] of this.#peers) {
      const { link } = this.book.line(name)
      if (link !== peer.link) this.#guard(this.#namespaces.shape(peer.place.name, this.#kernelsOf(link)))
      peer.link = link
      if (this.#proxied !== undefined) continue
      const side = this.book.sideOf(name)
      if (side !== peer.side) this.#guard(this.#namespaces.move(peer.place.name, side))
      peer.side = side
    }
  }

  #guard (work: Promise<void>): void {
    work.catch((error: unknown) => { this.#failure ??= error instanceof Error ? error : new Error(String(error)) })
  }
}

function lacksOf ({ hasDelays }: NamespaceAbilities, { lines, hasRoutes, hasResets }: LineNeeds): readonly string[] {
  return [
    ...!hasDelays && lines.some(({ delay, jitter, loss }) => delay + jitter + loss > 0) ? ['delay, jitter and loss (it has no netem)'] : [],
    ...hasRoutes ? ['routes between groups'] : [],
    ...hasResets || lines.some(({ reset }) => reset !== undefined) ? ['resets'] : [],
    ...lines.some(({ stall }) => stall !== undefined) ? ['stalls at random'] : []
  ]
}
