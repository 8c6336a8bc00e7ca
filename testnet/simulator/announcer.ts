import type { Progress } from '../../src/ports.ts'
import { fraction } from '../../src/random/draw.ts'
import { learn, presentAs } from './view.ts'
import type { Member } from './view.ts'
import type { LinkSurroundings } from './virtual-links.ts'

/** What makes announcements believed. */
export interface AnnouncementSigner {
  /** @returns the announcement's bytes, and its reader's answer once its signature is checked; undefined for one that is not believed */
  sign (from: string, progress: Progress): { readonly length: number, readonly read: () => Progress | undefined }
}

/** An announcement with its signature, its sender's key and the pub-sub layer's own fields. */
const SIGNED_BYTES = 256

/** Carries what machines announce to those who know them. */
export class Announcer {
  readonly #around: LinkSurroundings
  readonly #signer: AnnouncementSigner | undefined
  readonly #bytes = new Map<string, number>()

  constructor (around: LinkSurroundings, signer: AnnouncementSigner | undefined) {
    this.#around = around
    this.#signer = signer
  }

  bytesOf (id: string): number {
    return this.#bytes.get(id) ?? 0
  }

  /** Counts what an announcement to so many costs. @returns what they read once its signature is checked */
  publish (from: Member, progress: Progress, readers: number): () => Progress | undefined {
    const signed = this.#signer?.sign(from.id, progress)
    this.#bytes.set(from.id, this.bytesOf(from.id) + readers * (signed?.length ?? SIGNED_BYTES))
    return signed?.read ?? (() => progress)
  }

  /** Tells each of those who know the sender, over its own line and theirs. */
  announce (from: Member, progress: Progress, viewers: Iterable<Member>): void {
    const told = [...viewers].filter(to => to !== from && from.view.has(to.id))
    const read = this.publish(from, progress, told.length)
    for (const to of told) this.#tell(from, read, to)
  }

  #tell (from: Member, read: () => Progress | undefined, to: Member): void {
    const { random, conditions: { lostAnnouncements, latencyMs, jitterMs }, connected, routeOf } = this.#around
    if (fraction(random) < lostAnnouncements) return
    const route = routeOf(from.id, to.id)
    const [sending, receiving] = [from.line.profile, to.line.profile]
    const delayMs = latencyMs + sending.delay + receiving.delay + (route?.delay ?? 0)
    const mostMs = jitterMs + sending.jitter + receiving.jitter + (route?.jitter ?? 0)
    to.clock.schedule(delayMs + mostMs * fraction(random), () => {
      const progress = connected(from.id, to.id) ? read() : undefined
      if (progress !== undefined) learn(to, presentAs(from.id, progress, to.clock.nowMs()))
    })
  }
}
