import { halfDifference } from './half-loss.ts'
import type { Told } from './half-loss.ts'
import type { Entry } from './ledger-entry.ts'
import type { Bytes } from './model-worker.ts'
import type { Places } from './places.ts'
import { ABSTAIN } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { TAG_PLACES, tagOf, tagged } from './window-tag.ts'

/** What turns two half losses into a byte. */
export interface PairRules {
  readonly places: Places
  readonly codec: ScalarCodec
  /** Whether a scalar counts, or its sign alone. */
  readonly form: 'value' | 'sign'
}

/** An entry of which nothing counts, and why. */
export interface Unpaired {
  readonly entry: Entry
  readonly reason: string
}

/** Entries of a window by how tags name their authors: one each, unless somebody found a key that begins like another's. */
type Named = ReadonlyMap<string, readonly Entry[]>

interface Window {
  readonly entries: Map<string, Entry>
  formed: readonly Bytes[]
}

/** The name of a pair: directions and batches are drawn from it. */
export function pairName (one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`
}

/** Of two, the one with the smaller key runs the passes above. */
export function sideOf (peer: string, partner: string): 'above' | 'below' {
  return peer < partner ? 'above' : 'below'
}

/** The level that counts of a scalar; an abstention where it is no number. */
export function levelOf (scalar: number, { codec, form }: PairRules): number {
  if (!Number.isFinite(scalar)) return ABSTAIN
  return codec.encode(form === 'sign' ? Math.sign(scalar) : scalar)
}

/**
 * Which bytes a set of entries of half losses makes (DistZO2, arXiv 2507.03211): two of a window count as one where each names the other and both were measured at the same weights; whoever names
 * itself ran both passes, and its levels count as they are. A function of the set alone, window by window, so that equal sets are equal bytes in whatever order they came.
 */
export class PairFormer {
  readonly #rules: PairRules
  readonly #windows = new Map<number, Window>()

  constructor (rules: PairRules) { this.#rules = rules }

  /** Entries come and go: which bytes count from now on, and which no longer. */
  change (added: readonly Entry[], withdrawn: readonly Entry[]): { readonly added: readonly Bytes[], readonly withdrawn: readonly Bytes[] } {
    const touched = new Set<number>()
    for (const entry of added) {
      this.#windowOf(entry).entries.set(entry.peer, entry)
      touched.add(this.#indexOf(entry))
    }
    for (const entry of withdrawn) {
      this.#windowOf(entry).entries.delete(entry.peer)
      touched.add(this.#indexOf(entry))
    }
    const changes = [...touched].map(index => this.#form(this.#windows.get(index) as Window))
    return { added: changes.flatMap(({ came }) => came), withdrawn: changes.flatMap(({ left }) => left) }
  }

  /** Which entries of windows before `place` count nothing. */
  unpairedBefore (place: number): Unpaired[] {
    return [...this.#windows].filter(([index]) => index * this.#rules.places.perWindow < place).flatMap(([, { entries }]) => {
      const named = byName(entries)
      return [...entries.values()].flatMap(entry => {
        const reason = misfitOf(entry, named)
        return reason === undefined ? [] : [{ entry, reason }]
      })
    })
  }

  /** Forgets the windows before `place`: what they made never changes again. */
  forgetBefore (place: number): void {
    for (const index of this.#windows.keys()) if (index * this.#rules.places.perWindow < place) this.#windows.delete(index)
  }

  clear (): void { this.#windows.clear() }

  #indexOf ({ firstStep }: Entry): number {
    return Math.floor(firstStep / this.#rules.places.perWindow)
  }

  #windowOf (entry: Entry): Window {
    const index = this.#indexOf(entry)
    const window = this.#windows.get(index) ?? { entries: new Map<string, Entry>(), formed: [] }
    this.#windows.set(index, window)
    return window
  }

  #form (window: Window): { readonly came: Bytes[], readonly left: Bytes[] } {
    const named = byName(window.entries)
    const old = window.formed
    const before = new Set(old.map(({ peer }) => peer))
    window.formed = [...window.entries.values()].flatMap(entry => bytesFrom(entry, named, this.#rules))
    const now = new Set(window.formed.map(({ peer }) => peer))
    return { came: window.formed.filter(({ peer }) => !before.has(peer)), left: old.filter(({ peer }) => !now.has(peer)) }
  }
}

function byName (entries: ReadonlyMap<string, Entry>): Named {
  const named = new Map<string, Entry[]>()
  for (const entry of entries.values()) named.set(tagged(entry.peer), [...named.get(tagged(entry.peer)) ?? [], entry])
  return named
}

/** Who fits an entry: the one whom it names and who names it, at the same weights; the smallest key where two begin alike. */
function partnerOf (entry: Entry, named: Named): Entry | undefined {
  const tag = tagOf(entry)
  return (named.get(tag.partner) ?? [])
    .filter(other => other !== entry && tagOf(other).partner === tagged(entry.peer) && tagOf(other).weights === tag.weights)
    .sort((one, other) => one.peer < other.peer ? -1 : 1)[0]
}

function isAlone (entry: Entry): boolean {
  return tagOf(entry).partner === tagged(entry.peer)
}

/** A pair's bytes come of the entry above. */
function bytesFrom (entry: Entry, named: Named, rules: PairRules): Bytes[] {
  if (isAlone(entry)) return [{ peer: entry.peer, firstStep: entry.firstStep + TAG_PLACES, levels: entry.levels.slice(TAG_PLACES) }]
  const partner = partnerOf(entry, named)
  if (partner === undefined || sideOf(entry.peer, partner.peer) !== 'above' || partnerOf(partner, named) !== entry) return []
  return [pairBytes(entry, partner, rules)]
}

function pairBytes (above: Entry, below: Entry, rules: PairRules): Bytes {
  const levels = Int8Array.from({ length: above.levels.length - TAG_PLACES }, (_, at) =>
    levelOf(halfDifference(toldAt(above, at + TAG_PLACES), toldAt(below, at + TAG_PLACES)) * rules.codec.smallest, rules))
  return { peer: pairName(above.peer, below.peer), firstStep: above.firstStep + TAG_PLACES, levels }
}

function toldAt ({ levels, pool }: Entry, at: number): Told {
  return { level: levels[at] ?? ABSTAIN, seed: pool?.[at] ?? 0 }
}

function misfitOf (entry: Entry, named: Named): string | undefined {
  if (isAlone(entry)) return undefined
  const partner = partnerOf(entry, named)
  if (partner !== undefined && partnerOf(partner, named) === entry) return undefined
  const { partner: name, weights } = tagOf(entry)
  const [other] = named.get(name) ?? []
  const [half, theirs] = [`half of peer ${entry.peer.slice(0, SHOWN_DIGITS)}`, `peer ${name.slice(0, SHOWN_DIGITS)}`]
  if (other === undefined) return `the other half to the ${half} never came: ${theirs} sent none`
  return tagOf(other).weights === weights ? `the ${half} names ${theirs}, which measured with somebody else` : `the ${half} and that of ${theirs} were measured at other weights`
}

/** Of a key, in sentences. */
const SHOWN_DIGITS = 8
