import type { Progress } from '../../src/ports.ts'
import { fraction } from '../../src/random/draw.ts'
import { learn, presentAs } from './view.ts'
import type { Member } from './view.ts'
import type { VirtualClock } from './virtual-clock.ts'
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
  readonly #clock: VirtualClock
  readonly #around: LinkSurroundings
  readonly #signer: AnnouncementSigner | undefined
  readonly #bytes = new Map<string, number>()

  constructor (clock: VirtualClock, around: LinkSurroundings, signer: AnnouncementSigner | undefined) {
    this.#clock = clock
    this.#around = around
    this.#signer = signer
  }

  bytesOf (id: string): number {
    return this.#bytes.get(id) ?? 0
  }

  announce (from: Member, progress: Progress, viewers: Iterable<Member>): void {
    const signed = this.#signer?.sign(from.id, progress)
    const read = signed?.read ?? (() => progress)
    const told = [...viewers].filter(to => to !== from && from.view.has(to.id))
    this.#bytes.set(from.id, this.bytesOf(from.id) + told.length * (signed?.length ?? SIGNED_BYTES))
    const { conditions: { jitterMs, lostAnnouncements } } = this.#around
    if (jitterMs === 0 && lostAnnouncements === 0 && !from.hasOwnLine) this.#tellTogether(from, read, told)
    else for (const to of told) this.#tell(from, read, to)
  }

  /** Where links are alike, news reaches everyone at one moment, and all keep the same words. */
  #tellTogether (from: Member, read: () => Progress | undefined, told: readonly Member[]): void {
    const { conditions: { latencyMs }, connected } = this.#around
    this.#clock.schedule(latencyMs, () => {
      const progress = read()
      if (progress === undefined) return
      const news = presentAs(from.id, progress, this.#clock.nowMs())
      for (const to of told) {
        if (!connected(from.id, to.id)) continue
        if (to.clock.isPlain) learn(to, news)
        else to.clock.reach(() => { learn(to, presentAs(from.id, progress, to.clock.nowMs())) })
      }
    })
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
