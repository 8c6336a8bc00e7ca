import type { Hello } from '../../protocols/hello/messages.ts'
import { MAXIMUM_KNOWN_PEERS } from '../../protocols/wire/limits.ts'
import { counted } from '../terminal/units.ts'

/** Who came less long ago may still be on the way to everybody: introductions take a second or two, handshakes on slow links some more. */
export const SETTLED_MS = 10_000
/** The same two islands meet at many of their peers at once; one of them says so. */
export const MEETING_REPEAT_MS = 60_000

/**
 * Notices that two parts of one run meet which did not know of each other: a newcomer brings company, none of whom is known here, while this
 * peer has had company of its own for a while.
 */
export class IslandWatch {
  readonly #sinceMs = new Map<string, number>()
  #toldMs = -Infinity

  /** A member has said hello: a sentence when two islands met by that. @param progress what the newcomer and this peer say of themselves */
  joined (peerId: string, theirs: Pick<Hello, 'peers' | 'progress'>, ownRound: number, nowMs: number): string | undefined {
    const isNew = !this.#sinceMs.has(peerId)
    const settled = [...this.#sinceMs].filter(([, sinceMs]) => nowMs - sinceMs >= SETTLED_MS).map(([id]) => id)
    const company = theirs.peers.map(peer => peer.peerId)
    const strangers = company.filter(id => !this.#sinceMs.has(id))
    if (isNew) this.#sinceMs.set(peerId, nowMs)
    // views that are too large to be told whole need not overlap
    const isWhole = settled.length < MAXIMUM_KNOWN_PEERS && company.length < MAXIMUM_KNOWN_PEERS
    const isMeeting = isNew && isWhole && settled.length > 0 && strangers.length > 0 && !company.some(id => settled.includes(id))
    if (!isMeeting || nowMs - this.#toldMs < MEETING_REPEAT_MS) return undefined
    this.#toldMs = nowMs
    return `two islands of this run met: ${counted(strangers.length + 1, 'peer')} at round ${theirs.progress.round} there, ${counted(settled.length + 1, 'peer')} at round ${ownRound} here; they are introduced to each other and average from now on`
  }

  left (peerId: string): void { this.#sinceMs.delete(peerId) }
}
