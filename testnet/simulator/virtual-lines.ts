import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import { rateUnderLoss, repeatMs } from '../links/tcp-loss.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** A machine's own line: what its transfers share, in each direction. */
export class VirtualLine {
  profile: LinkProfile
  /** When the last byte queued so far will have left, and the last one on its way here will have come. */
  uplinkFreeMs = 0
  downlinkFreeMs = 0
  /** Until when it carries nothing. */
  stalledUntilMs = 0
  readonly #clock: VirtualClock
  readonly #random: Words

  constructor (profile: LinkProfile, clock: VirtualClock, random: Words) {
    this.profile = profile
    this.#clock = clock
    this.#random = random
    this.#awaitStall()
  }

  /** Another line from here on; what is under way arrives as it was sent. */
  become (profile: LinkProfile): void {
    const wasStalling = this.profile.stall !== undefined
    this.profile = profile
    if (!wasStalling) this.#awaitStall()
  }

  stall (forMs: number): void {
    this.stalledUntilMs = Math.max(this.stalledUntilMs, this.#clock.nowMs() + forMs)
  }

  #awaitStall (): void {
    const { stall } = this.profile
    if (stall === undefined) return
    this.#clock.schedule(-stall * Math.log(1 - fraction(this.#random)), () => {
      if (this.profile.stall === undefined) return
      this.stall(this.profile.stallFor)
      this.#awaitStall()
    })
  }
}

export interface Crossing {
  readonly from: VirtualLine
  readonly to: VirtualLine
  readonly route: LinkProfile | undefined
  readonly bytes: number
  readonly nowMs: number
  readonly random: Words
}

/** When the last byte of a message arrives that sets out now; both lines are busy with it for their part of the way. */
export function arrivalOf ({ from, to, route, bytes, nowMs, random }: Crossing): number {
  const [sending, receiving] = [from.profile, to.profile]
  const startsMs = Math.max(nowMs, from.uplinkFreeMs, from.stalledUntilMs)
  from.uplinkFreeMs = startsMs + timeFor(bytes, sending.up)
  const delayMs = sending.delay + receiving.delay + (route?.delay ?? 0)
  const jitterMs = sending.jitter + receiving.jitter + (route?.jitter ?? 0)
  const loss = 1 - (1 - sending.loss) * (1 - receiving.loss) * (1 - (route?.loss ?? 0))
  const onTheWayMs = delayMs + (jitterMs === 0 ? 0 : jitterMs * fraction(random)) + repeatMs(loss, 2 * delayMs, random)
  const narrowestMs = Math.max(timeFor(bytes, route?.up), timeFor(bytes, rateUnderLoss(loss, 2 * delayMs)))
  const firstMs = startsMs + onTheWayMs
  to.downlinkFreeMs = Math.max(Math.max(firstMs, to.downlinkFreeMs) + timeFor(bytes, receiving.down), from.uplinkFreeMs + onTheWayMs)
  return Math.max(to.downlinkFreeMs, firstMs + narrowestMs, to.stalledUntilMs)
}

function timeFor (bytes: number, bytesPerSecond: number | undefined): number {
  return bytesPerSecond === undefined ? 0 : 1000 * bytes / bytesPerSecond
}
