import type { Clock } from '../ports.ts'
import type { DirectionLosses } from './direction-losses.ts'
import { encodeHalf } from './half-loss.ts'
import type { Told } from './half-loss.ts'
import type { Entry } from './ledger-entry.ts'
import type { Ledger } from './ledger.ts'
import type { Bytes } from './model-worker.ts'
import type { OneBytePorts } from './one-byte-ports.ts'
import { PairFormer, levelOf, pairName, sideOf } from './pair-former.ts'
import type { PairRules } from './pair-former.ts'
import { authorsOf, partnerIn } from './partners.ts'
import type { Passes, PlannedStep } from './passes.ts'
import { batchOfPair, directionsAt } from './seeds.ts'
import { WindowPatience } from './window-patience.ts'
import type { WindowWait } from './window-patience.ts'
import { encodeTag, tagged } from './window-tag.ts'

/** What sharing passes needs of the peer that does it. */
export interface SharedPassesPorts extends Pick<OneBytePorts, 'peer' | 'others' | 'report'> {
  readonly clock: Clock
  readonly ledger: () => Ledger
  /** Lets the weights follow what `limit` allows. */
  readonly follow: () => void
  /** The hash of the weights as they are then. */
  readonly hash: (found: (modelHash: string) => void) => void
  /** Asks somebody for what this peer lacks. */
  readonly inquire: (to: string) => void
}

/** A window is measured at the weights that all packs but those of the window before make: these are on their way while it is measured, so that nobody idles. */
const WINDOWS_BEHIND = 1
/** Packs of others are waited for so long at least: a machine that is busy with something else, or a link that is mended, takes seconds. */
const LEAST_PATIENCE_MS = 30_000
/** And for as long as so many windows take this peer: whoever is slower than that measures by itself. */
const PATIENCE_WINDOWS = 2
/** What a broken stream lost does not come by itself: so long after it should be there it is asked for. */
const ASK_AFTER_MS = 3_000
const LOOK_EVERY_MS = 250
/** Whoever is so many windows behind half of the others is not waited for any more, and goes on where they are. */
const LEFT_BEHIND_WINDOWS = 2

interface Sharing {
  /** Both passes are this peer's own where there is none. */
  readonly partner: string | undefined
  readonly name: string
}

/**
 * Perturbation parallelism between peers (DistZO2, arXiv 2507.03211): of two, one runs the passes at θ + ε·z and the other one those at θ − ε·z, on one batch, and each tells its
 * losses. Since their difference is a thousand times more sensitive to θ than to the direction, both are measured at the same bits: weights stand still for a window.
 */
export class SharedPasses implements Passes {
  readonly isWhole = true
  readonly #rules: PairRules
  readonly #ports: SharedPassesPorts
  readonly #former: PairFormer
  readonly #patience = new WindowPatience()
  #sharing: Sharing
  /** The window that is waited for, or measured; before the first one, undefined. */
  #place: number | undefined
  #isStill = false
  #isStopping = false
  #waiting: { readonly go: (head: readonly Told[]) => void, readonly sinceMs: number, cancel: () => void, hasAsked: boolean, said: string } | undefined
  #beganMs = NaN
  #windowMs = 0
  /** Counts models: a hash of an earlier one is no tag. */
  #models = 0

  constructor (rules: PairRules, ports: SharedPassesPorts) {
    this.#rules = rules
    this.#ports = ports
    this.#former = new PairFormer(rules)
    this.#sharing = { partner: undefined, name: ports.peer }
  }

  get #perWindow (): number { return this.#rules.places.perWindow }

  nextPlace (place: number): number {
    const reached = this.#windowStart(this.#ports.ledger().reach())
    return this.#place === undefined || reached >= place + LEFT_BEHIND_WINDOWS * this.#perWindow ? Math.max(place, reached) : place
  }

  limit (): number {
    if (this.#isStill) return -Infinity
    const { ledger, peer } = this.#ports
    const place = this.#place ?? this.#windowStart(Math.max(ledger().reach(), ledger().reachOf(peer)))
    return place - WINDOWS_BEHIND * this.#perWindow
  }

  begin (place: number, go: (head: readonly Told[]) => void): void {
    const nowMs = this.#ports.clock.nowMs()
    if (!Number.isNaN(this.#beganMs)) this.#windowMs = nowMs - this.#beganMs
    this.#place = place
    this.#isStill = false
    this.#waiting = { go, sinceMs: nowMs, cancel: () => undefined, hasAsked: false, said: '' }
    this.#goOn()
  }

  plan (step: number, place: number): PlannedStep {
    const { partner, name } = this.#sharing
    const { runId } = this.#ports.ledger().rules
    const plan = { step, directions: directionsAt(runId, place, this.#rules.places.perStep, name), batch: batchOfPair(runId, step, name) }
    return partner === undefined ? plan : { ...plan, side: sideOf(this.#ports.peer, partner) }
  }

  tell ({ above, below }: DirectionLosses, epsilon: number): Told {
    const { partner } = this.#sharing
    if (partner === undefined) return { level: levelOf((above - below) / (2 * epsilon), this.#rules), seed: 0 }
    return encodeHalf(sideOf(this.#ports.peer, partner) === 'above' ? above : below, 2 * epsilon * this.#rules.codec.smallest)
  }

  change (added: readonly Entry[], withdrawn: readonly Entry[]): { readonly added: readonly Bytes[], readonly withdrawn: readonly Bytes[] } {
    return this.#former.change(added, withdrawn)
  }

  heard (): void {
    if (this.#waiting !== undefined) this.#goOn()
  }

  sealed (place: number): void {
    const unpaired = this.#former.unpairedBefore(place)
    if (unpaired.length > 0) this.#ports.report({ kind: 'unpaired', before: place, reasons: unpaired.map(({ reason }) => reason) })
    this.#former.forgetBefore(place)
  }

  restart (): void {
    this.#former.clear()
    this.#models++
  }

  stop (): void {
    this.#isStopping = true
    this.heard()
  }

  /** Waits no longer than it must for the packs that the weights are to have. */
  #goOn (): void {
    const waiting = this.#waiting
    if (waiting === undefined || this.#place === undefined) return
    waiting.cancel()
    const due = this.#due(this.#place)
    const missing = this.#isStopping ? [] : due.missing.filter(peer => this.#patience.isWorthIt(peer))
    const waitedMs = this.#ports.clock.nowMs() - waiting.sinceMs
    if (missing.length === 0 || waitedMs >= Math.max(LEAST_PATIENCE_MS, PATIENCE_WINDOWS * this.#windowMs)) {
      this.#waiting = undefined
      if (!this.#isStopping) this.#patience.after(due)
      this.#enter(this.#place, waiting.go)
      return
    }
    if (waitedMs >= ASK_AFTER_MS && !waiting.hasAsked) {
      waiting.hasAsked = true
      for (const peer of missing) this.#ports.inquire(peer)
    }
    if (waiting.said !== missing.join()) this.#ports.report({ kind: 'awaiting', place: this.#newest(this.#place), peers: missing })
    waiting.said = missing.join()
    waiting.cancel = this.#ports.clock.schedule(LOOK_EVERY_MS, () => { this.#goOn() })
  }

  /** Of those who are there and sent a pack of the window before the last one that is to count: who sent one of that, and who has yet to. */
  #due (place: number): WindowWait {
    const [ledger, others] = [this.#ports.ledger(), new Set(this.#ports.others())]
    const sent = new Set(authorsOf(ledger, this.#newest(place)))
    const due = authorsOf(ledger, this.#newest(place) - this.#perWindow).filter(peer => others.has(peer))
    return { came: due.filter(peer => sent.has(peer)), missing: due.filter(peer => !sent.has(peer)) }
  }

  /** Weights that stand still from now on, whose hash both partners tell. */
  #enter (place: number, go: (head: readonly Told[]) => void): void {
    const { follow, hash, ledger, peer, report } = this.#ports
    follow()
    this.#isStill = true
    this.#beganMs = this.#ports.clock.nowMs()
    const members = authorsOf(ledger(), this.#newest(place))
    const partner = partnerIn(members, peer, ledger().rules.runId, place / this.#perWindow)
    this.#sharing = { partner, name: partner === undefined ? peer : pairName(peer, partner) }
    const model = this.#models
    hash(modelHash => {
      if (model !== this.#models) {
        this.#isStill = false
        this.#enter(place, go)
        return
      }
      report({ kind: 'sharing', place, partner, side: partner === undefined ? undefined : sideOf(peer, partner), members: members.length })
      go(encodeTag({ weights: tagged(modelHash), partner: tagged(partner ?? peer) }))
    })
  }

  /** The last window whose packs are in the weights that the window at `place` is measured at. */
  #newest (place: number): number { return place - (WINDOWS_BEHIND + 1) * this.#perWindow }

  #windowStart (place: number): number {
    return Math.floor(place / this.#perWindow) * this.#perWindow
  }
}
