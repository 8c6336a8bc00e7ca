import { INTRODUCTION_DELAY_MS, REMEMBERED_NEWS } from './constants.ts'

export interface IntroductionOptions {
  /** Peers that a hello would pass on now. */
  readonly known: () => ReadonlyArray<{ readonly peerId: string }>
  /** Members of the run. */
  readonly members: () => readonly string[]
  /** Says hello to a member again; false when that must wait. */
  readonly greet: (peerId: string) => boolean
}

/**
 * Makes two peers meet that entered by the same member at about the same time, when neither could be told of the other:
 * a while after newcomers came, each member that may not know them all hears hello once more. A settled swarm says nothing.
 */
export class Introductions {
  readonly #options: IntroductionOptions
  readonly #aware = new Map<string, Set<string>>()
  /** Members that hear hello again even if there are no newcomers. */
  readonly #owed = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor (options: IntroductionOptions) { this.#options = options }

  /** The member has told of these peers, or was told of them. */
  knows (member: string, peers: readonly string[]): void {
    const aware = this.#aware.get(member) ?? new Set()
    for (const peer of peers) {
      aware.delete(peer)
      aware.add(peer)
    }
    for (const oldest of aware) {
      if (aware.size <= REMEMBERED_NEWS) break
      aware.delete(oldest)
    }
    this.#aware.set(member, aware)
  }

  /** Of `peers`, those that the member may not know yet. */
  newsFor<Peer extends { readonly peerId: string }> (member: string, peers: readonly Peer[]): Peer[] {
    const aware = this.#aware.get(member)
    return peers.filter(({ peerId }) => peerId !== member && aware?.has(peerId) !== true)
  }

  /** The member left; whoever comes back is news again. */
  forget (member: string): void {
    this.#aware.delete(member)
    this.#owed.delete(member)
    for (const aware of this.#aware.values()) aware.delete(member)
  }

  /** Someone came: introduces them soon. */
  schedule (): void { this.#timer ??= setTimeout(() => { this.#introduce() }, INTRODUCTION_DELAY_MS) }

  /** What this peer says of itself has changed: every member hears hello once more, soon. */
  repeat (): void {
    for (const member of this.#options.members()) this.#owed.add(member)
    this.schedule()
  }

  /** A member that others may have given up is to be dialled elsewhere: it is news again to everyone else. */
  renew (peer: string): void {
    for (const aware of this.#aware.values()) aware.delete(peer)
    this.schedule()
  }

  stop (): void { clearTimeout(this.#timer) }

  #introduce (): void {
    this.#timer = undefined
    const known = this.#options.known()
    for (const member of this.#options.members()) {
      if (!this.#owed.has(member) && this.newsFor(member, known).length === 0) continue
      if (this.#options.greet(member)) this.#owed.delete(member)
      else this.schedule()
    }
  }
}
