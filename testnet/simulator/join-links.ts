import type { PresentPeer } from '../../src/ports.ts'
import type { AttestAnswer, AttestQuestion, PartStream, SnapshotOffer, SnapshotPeers } from '../../src/transfer/transfer-ports.ts'
import type { JoinMember, JoinScenario } from './join-simulation.ts'
import type { SnapshotHolder } from './snapshot-holder.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** A member that is killed is noticed after this. */
const DETECTION_MS = 200
/** A question and its answer, headers included. */
const SMALL_BYTES = 500
const CHUNK_OVERHEAD_BYTES = 150

/** A joiner's links to members in virtual time: each member's uplink, a way, and the joiner's downlink, which all share. */
export class JoinLinks implements SnapshotPeers {
  readonly self = 'joiner'
  readonly refused = new Map<string, string>()
  fetchedBytes = 0
  longestWaitMs = 0
  readonly #clock: VirtualClock
  readonly #scenario: JoinScenario
  readonly #listeners = new Set<() => void>()
  /** When the last byte queued so far will have passed, by member and for the joiner. */
  readonly #uplinkFreeMs = new Map<string, number>()
  #downlinkFreeMs = 0
  /** Lives of the joiner: what an earlier one asked for reaches nobody. */
  #life = 0

  constructor (clock: VirtualClock, scenario: JoinScenario) {
    this.#clock = clock
    this.#scenario = scenario
    for (const { fromMs, untilMs } of scenario.members) {
      for (const atMs of [fromMs, untilMs + DETECTION_MS]) if (atMs < Infinity) clock.schedule(atMs, () => { for (const listener of [...this.#listeners]) listener() })
    }
  }

  present (): readonly PresentPeer[] {
    const nowMs = this.#clock.nowMs()
    return this.#scenario.members
      .filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs + DETECTION_MS)
      .map(({ id }) => ({ peerId: id, round: 1, step: 1, training: true }))
  }

  onChange (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** The joiner is gone, and with it all that was on its way. */
  cut (): void { this.#life++ }

  refuse (peerId: string, why: string): void { this.refused.set(peerId, why) }

  async offers (peerId: string, _hold: number | undefined, signal: AbortSignal): Promise<readonly SnapshotOffer[]> {
    await this.#trip(peerId, SMALL_BYTES, signal)
    return this.#holders(peerId).map(({ offer }) => offer)
  }

  async attest (peerId: string, question: AttestQuestion, signal: AbortSignal): Promise<readonly AttestAnswer[]> {
    await this.#trip(peerId, SMALL_BYTES, signal)
    const holder = this.#holders(peerId).find(({ offer }) => offer.round === question.round)
    if (holder === undefined) throw new Error(`it holds no snapshot of round ${question.round}`)
    return holder.opinion(question)
  }

  async open (peerId: string, signal: AbortSignal): Promise<PartStream> {
    await this.#trip(peerId, SMALL_BYTES, signal)
    let isOpen = true
    return {
      ask: async (file, _fileBytes, offset, length) => {
        await this.#trip(peerId, length + CHUNK_OVERHEAD_BYTES, signal)
        if (!isOpen) throw new Error('the stream is closed')
        this.fetchedBytes += length
        const holder = this.#holders(peerId).find(({ offer }) => offer.data === file || offer.list === file)
        if (holder === undefined) throw new Error('there is no such file any more')
        return holder.part(file, offset, length)
      },
      close: () => { isOpen = false }
    }
  }

  /** There with nothing, and back with so many bytes. @throws Error once the other side is found to be gone; the signal's reason */
  async #trip (peerId: string, bytes: number, signal: AbortSignal): Promise<void> {
    const member = this.#scenario.members.find(({ id }) => id === peerId) as JoinMember
    const life = this.#life
    const { latencyMs, untilMs } = member
    await this.#until(this.#clock.nowMs() + latencyMs, signal)
    await this.#until(thawedMs(member, this.#clock.nowMs()), signal)
    const leavesMs = Math.max(this.#clock.nowMs(), this.#uplinkFreeMs.get(peerId) ?? 0) + 1000 * bytes / member.uploadBytesPerSecond
    if (leavesMs > untilMs) {
      await this.#until(Math.max(this.#clock.nowMs(), untilMs) + DETECTION_MS, signal)
      throw new Error('the connection broke')
    }
    if (life === this.#life) this.longestWaitMs = Math.max(this.longestWaitMs, leavesMs - this.#clock.nowMs() + Math.max(0, this.#downlinkFreeMs - leavesMs))
    this.#uplinkFreeMs.set(peerId, leavesMs)
    await this.#until(leavesMs + latencyMs, signal)
    this.#downlinkFreeMs = Math.max(this.#clock.nowMs(), this.#downlinkFreeMs) + 1000 * bytes / this.#scenario.downloadBytesPerSecond
    this.longestWaitMs = Math.max(this.longestWaitMs, this.#downlinkFreeMs - this.#clock.nowMs())
    await this.#until(this.#downlinkFreeMs, signal)
  }

  async #until (atMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#clock.schedule(atMs - this.#clock.nowMs(), () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = (): void => {
        cancel()
        reject(signal.reason as Error)
      }
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #holders (peerId: string): SnapshotHolder[] {
    const nowMs = this.#clock.nowMs()
    const member = this.#scenario.members.find(({ id }) => id === peerId)
    return (member?.replicas ?? []).filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs).map(({ holder }) => holder)
  }
}

/** When a member goes on, that may be frozen. */
function thawedMs ({ frozen }: JoinMember, nowMs: number): number {
  return frozen !== undefined && frozen.fromMs <= nowMs && nowMs < frozen.untilMs ? frozen.untilMs : nowMs
}
