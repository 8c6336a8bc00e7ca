/** Colours of the style sheet, told apart by colour-blind readers too. */
const COLOURS = 8

/** A colour for each peer, its own for as long as the page is open. */
export class Colours {
  readonly #given = new Map<string, string>()

  of (peerId: string): string {
    const known = this.#given.get(peerId) ?? `s${this.#given.size % COLOURS}`
    this.#given.set(peerId, known)
    return known
  }
}
