import { INTRODUCTION_DELAY_MS } from './constants.ts'

export interface IntroductionOptions {
  /** Peers that a hello would pass on now. */
  readonly known: () => readonly string[]
  /** Members of the run. */
  readonly members: () => readonly string[]
  /** Says hello to a member again. */
  readonly greet: (peerId: string) => void
}

/**
 * Makes two peers meet that entered by the same member at about the same time, when neither could be told of the other:
 * a while after newcomers came, each member that may not know them all hears hello once more. A settled swarm says nothing.
 */
export class Introductions {
  readonly #options: IntroductionOptions
  readonly #aware = new Map<string, Set<string>>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (options: IntroductionOptions) { this.#options = options }

  /** The member has told of these peers, or was told of them. */
  knows (member: string, peers: readonly string[]): void {
    const aware = this.#aware.get(member) ?? new Set([member])
    for (const peer of peers) aware.add(peer)
    this.#aware.set(member, aware)
  }

  forget (member: string): void { this.#aware.delete(member) }

  /** Someone came: introduces them soon. */
  schedule (): void { this.#timer ??= setTimeout(() => { this.#introduce() }, INTRODUCTION_DELAY_MS) }

  stop (): void { clearTimeout(this.#timer) }

  #introduce (): void {
    this.#timer = undefined
    const known = this.#options.known()
    for (const member of this.#options.members()) {
      const aware = this.#aware.get(member)
      if (known.some(peer => peer !== member && aware?.has(peer) !== true)) this.#options.greet(member)
    }
  }
}
