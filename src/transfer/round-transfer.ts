import { reasonOf } from '../errors.ts'
import type { ChunkPlan } from './chunk-plan.ts'
import type { TransferTarget } from './choose-round.ts'
import { Download, MAXIMUM_SOURCES, STALL_MS } from './download.ts'
import type { ChunkRequest, DownloadProgress } from './download.ts'
import { fetchList, listedHash } from './origin-lists.ts'
import type { Survey } from './survey.ts'
import type { PartStream, SnapshotOffer, StoredParts, TransferSurroundings } from './transfer-ports.ts'
import { Bell, soon } from './waiting.ts'

/** How often silence is looked for, and progress told. */
const LOOK_MS = 1_000
/** A member that broke off is asked again after this. */
const AGAIN_MS = 5_000
/** Without any source for so long, another snapshot is looked for. */
const WITHOUT_SOURCES_MS = 20_000

/** The list of the largest model is four megabytes: half a minute of 1 Mbit/s. */
const LIST_MS = 60_000

interface Connection {
  readonly stream: PartStream
  readonly offer: SnapshotOffer
}

/**
 * The download of one round's snapshot: chunks from several members at once, each checked against the hash list that its origin signed. Where members share
 * their weights they are mirrors of one content; where replicas differ, the members' own replicas of the round stand in for each other chunk by chunk.
 */
export class RoundTransfer {
  readonly target: TransferTarget
  readonly data: Uint8Array
  readonly download: Download
  readonly #around: TransferSurroundings
  readonly #survey: Survey
  readonly #onProgress: (progress: DownloadProgress) => void
  readonly #lists = new Map<string, Uint8Array>()
  readonly #offers = new Map<string, SnapshotOffer>()
  readonly #connections = new Map<string, Connection>()
  readonly #connecting = new Set<string>()
  readonly #notBeforeMs = new Map<string, number>()
  readonly #bell = new Bell()
  #isKept = true
  #sourceSeenMs: number

  constructor (around: TransferSurroundings, survey: Survey, plan: ChunkPlan, target: TransferTarget, onProgress: (progress: DownloadProgress) => void) {
    this.#around = around
    this.#survey = survey
    this.#onProgress = onProgress
    this.target = target
    this.data = new Uint8Array(plan.bytes)
    this.download = new Download(plan)
    this.#sourceSeenMs = around.clock.nowMs()
  }

  /** Who signed a content that chunks are of. */
  signersOf (origin: string): readonly string[] {
    return [...this.#offers.values()].filter(({ list }) => list === origin).map(({ signer }) => signer)
  }

  /** Takes over what an earlier life left, as far as it is what its lists say. */
  restore (stored: StoredParts): void {
    const { hash } = this.#around
    const { plan } = this.download
    for (const list of stored.lists) {
      const origin = hash(list)
      if (list.length !== 32 * plan.chunks || (this.target.list !== undefined && origin !== this.target.list)) continue
      this.#lists.set(origin, list)
    }
    for (let chunk = 0; chunk < plan.chunks; chunk++) {
      const { offset, bytes } = plan.place(chunk)
      const part = stored.data.subarray(offset, offset + bytes)
      const found = hash(part)
      for (const [origin, list] of this.#lists) {
        if (listedHash(list, chunk) !== found) continue
        this.data.set(part, offset)
        this.download.restore(chunk, origin)
        break
      }
    }
  }

  /** Nothing of this origin is kept, nor asked for again. */
  forget (origin: string): void {
    this.download.forget(origin)
    this.#lists.delete(origin)
    for (const [peerId, { offer }] of this.#connections) if (offer.list === origin) this.#disconnect(peerId)
  }

  /** Whether all of it is here; false when nobody gives the rest. @throws the signal's reason */
  async complete (): Promise<boolean> {
    const { clock, peers, signal } = this.#around
    const unsubscribe = peers.onChange(() => { this.#bell.ring() })
    this.#sourceSeenMs = clock.nowMs()
    try {
      for (;;) {
        this.#look()
        if (this.download.isComplete) return true
        if (clock.nowMs() - this.#sourceSeenMs >= WITHOUT_SOURCES_MS) return false
        await this.#bell.wait(clock, LOOK_MS, signal)
      }
    } finally {
      unsubscribe()
      for (const peerId of [...this.#connections.keys()]) this.#disconnect(peerId)
      this.#onProgress(this.download.progress(clock.nowMs()))
    }
  }

  #look (): void {
    const nowMs = this.#around.clock.nowMs()
    void this.#survey.look(this.target.round).then(() => { this.#connectAll() }, () => undefined)
    this.#connectAll()
    for (const peerId of this.download.stalled(nowMs)) this.#lose(peerId, 'nothing has come from it for a while')
    for (const request of this.download.next(nowMs)) void this.#fetch(request)
    if (this.#connections.size > 0 || this.#connecting.size > 0) this.#sourceSeenMs = nowMs
    this.#onProgress(this.download.progress(nowMs))
  }

  #connectAll (): void {
    if (this.download.isComplete) return
    const { round, list } = this.target
    for (const offer of this.#survey.offers) {
      const isBusy = this.#connections.has(offer.signer) || this.#connecting.has(offer.signer) || (this.#notBeforeMs.get(offer.signer) ?? 0) > this.#around.clock.nowMs()
      if (offer.round !== round || (list !== undefined && offer.list !== list) || isBusy) continue
      if (this.#connections.size + this.#connecting.size >= MAXIMUM_SOURCES) return
      this.#connecting.add(offer.signer)
      void this.#connect(offer)
    }
  }

  async #connect (offer: SnapshotOffer): Promise<void> {
    const { peers, clock, signal } = this.#around
    const { signer } = offer
    let stream: PartStream | undefined
    try {
      stream = await soon(clock, STALL_MS, peers.open(signer, signal))
      if (!this.#lists.has(offer.list)) await this.#learn(offer, await soon(clock, LIST_MS, fetchList(stream, offer.list, this.download.plan)))
      this.#connections.set(signer, { stream, offer })
      this.#offers.set(signer, offer)
      this.download.addSource(signer, offer.list, clock.nowMs())
    } catch (error) {
      stream?.close()
      if (!signal.aborted) this.#tellOff(signer, reasonOf(error))
    }
    this.#connecting.delete(signer)
    this.#bell.ring()
  }

  /** @throws Error for a list that is another one */
  async #learn (offer: SnapshotOffer, list: Uint8Array): Promise<void> {
    if (this.#around.hash(list) !== offer.list) {
      this.#around.peers.refuse(offer.signer, 'the list of its chunks is not the one that it signed', true)
      throw new Error('the list of its chunks is not the one that it signed')
    }
    this.#lists.set(offer.list, list)
    await this.#keep(async () => this.#around.store.keepList(list))
  }

  async #fetch ({ source, chunk }: ChunkRequest): Promise<void> {
    const connection = this.#connections.get(source)
    if (connection === undefined) return
    const { plan } = this.download
    const { offset, bytes } = plan.place(chunk)
    try {
      const part = await connection.stream.ask(connection.offer.data, plan.bytes, offset, bytes)
      if (this.#connections.get(source) !== connection) return
      await this.#arrived(connection, chunk, part)
    } catch (error) {
      if (this.#connections.get(source) === connection && !this.#around.signal.aborted) this.#lose(source, reasonOf(error))
    }
    this.#bell.ring()
  }

  /** @throws Error for a chunk that is another one */
  async #arrived ({ offer: { signer, list } }: Connection, chunk: number, part: Uint8Array): Promise<void> {
    const known = this.#lists.get(list)
    if (known === undefined || this.#around.hash(part) !== listedHash(known, chunk)) {
      this.#around.peers.refuse(signer, `chunk ${chunk} of its snapshot is not what it signed`, true)
      throw new Error('a chunk is not what it signed')
    }
    if (!this.download.arrived(signer, chunk, this.#around.clock.nowMs())) return
    const { offset } = this.download.plan.place(chunk)
    this.data.set(part, offset)
    await this.#keep(async () => this.#around.store.write(offset, part))
  }

  /** A disk that takes no more costs resuming, and nothing else. */
  async #keep (write: () => Promise<void>): Promise<void> {
    if (!this.#isKept) return
    try {
      await write()
    } catch (error) {
      this.#isKept = false
      this.#around.say(`the snapshot is fetched into memory alone, an interruption begins anew: ${reasonOf(error)}`)
    }
  }

  #lose (peerId: string, why: string): void {
    this.#disconnect(peerId)
    this.#tellOff(peerId, why)
  }

  #tellOff (peerId: string, why: string): void {
    this.#notBeforeMs.set(peerId, this.#around.clock.nowMs() + AGAIN_MS)
    this.#around.say(`${peerId} gives no more of the snapshot of round ${this.target.round}: ${why}`)
  }

  #disconnect (peerId: string): void {
    this.#connections.get(peerId)?.stream.close()
    this.#connections.delete(peerId)
    this.download.removeSource(peerId)
  }
}
