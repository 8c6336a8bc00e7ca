import type { Stream } from '@libp2p/interface'
import { FilesHandler } from '../../protocols/files/handler.ts'
import type { ServedFile } from '../../protocols/files/handler.ts'
import { FileParts } from '../../protocols/files/parts.ts'
import { askOffers, askOpinions } from '../../protocols/snapshots/client.ts'
import { SnapshotsHandler } from '../../protocols/snapshots/handler.ts'
import type { SignedOffer } from '../../protocols/snapshots/messages.ts'
import type { OfferTerms } from '../../protocols/snapshots/offers.ts'
import { CHUNKS_PROTOCOL, SNAPSHOTS_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import { rejection } from '../../protocols/wire/rejection.ts'
import type { Rejection } from '../../protocols/wire/rejection.ts'
import type { AttestAnswer, AttestQuestion, PartStream, SnapshotOffer } from '../../src/transfer/transfer-ports.ts'
import { transferError } from './transfer-error.ts'

/** What a peer that trains has for joiners. */
export interface SnapshotService {
  offers (hold: number | undefined): readonly SignedOffer[]
  opinion (question: AttestQuestion, signal: AbortSignal): Promise<readonly AttestAnswer[] | undefined>
  /** A snapshot or its hash list, by SHA-256 (hex). */
  open (sha256: string): Promise<ServedFile | undefined>
}

export interface SnapshotLinksOptions {
  readonly terms: OfferTerms
  readonly open: (peerId: string, protocol: string, signal: AbortSignal) => Promise<Stream>
  readonly refusal: (peerId: string) => Promise<Rejection | undefined>
  /** Remembers and tells a refusal. */
  readonly reject: (peerId: string, why: Rejection) => void
  readonly signal: AbortSignal
}

/** Snapshots between members: what this peer gives once it trains, and what it asks for while it joins. */
export class SnapshotLinks {
  /** Nothing is given before training has something to give. */
  service: SnapshotService | undefined
  readonly #options: SnapshotLinksOptions
  readonly #offers: SnapshotsHandler
  readonly #chunks: FilesHandler

  constructor (options: SnapshotLinksOptions) {
    const { refusal, signal } = options
    this.#options = options
    this.#offers = new SnapshotsHandler({
      offers: hold => this.service?.offers(hold) ?? [], opinion: async (question, stop) => this.service?.opinion(question, stop), refusal, signal
    })
    this.#chunks = new FilesHandler({ open: async sha256 => this.service?.open(sha256), refusal, signal })
  }

  async serveOffers (stream: Stream, peerId: string): Promise<void> { await this.#offers.serve(stream, peerId) }
  async serveChunks (stream: Stream, peerId: string): Promise<void> { await this.#chunks.serve(stream, peerId) }

  /** @throws ShoalError as `SwarmNetwork.fetchSnapshot`; the signal's reason */
  async offers (peerId: string, hold: number | undefined, signal: AbortSignal): Promise<readonly SnapshotOffer[]> {
    return this.#asking(peerId, signal, async stop => askOffers(await this.#options.open(peerId, SNAPSHOTS_PROTOCOL, stop), peerId, this.#options.terms, hold, stop))
  }

  /** @throws as `offers` */
  async attest (peerId: string, question: AttestQuestion, signal: AbortSignal): Promise<readonly AttestAnswer[]> {
    return this.#asking(peerId, signal, async stop => askOpinions(await this.#options.open(peerId, SNAPSHOTS_PROTOCOL, stop), question, stop))
  }

  /** @throws as `offers` */
  async parts (peerId: string, signal: AbortSignal): Promise<PartStream> {
    return this.#asking(peerId, signal, async stop => new FileParts(await this.#options.open(peerId, CHUNKS_PROTOCOL, stop), stop))
  }

  /** A member gave a snapshot that is not to be believed. @param isProven whether what it sent shows that, whatever anybody's weights are */
  refuse (peerId: string, why: string, isProven: boolean): void {
    this.#options.reject(peerId, rejection(isProven ? 'BAD_MESSAGE' : 'BAD_SNAPSHOT', { detail: why }))
  }

  async #asking<Answer> (peerId: string, signal: AbortSignal, work: (stop: AbortSignal) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(AbortSignal.any([signal, this.#options.signal]))
    } catch (error) {
      signal.throwIfAborted()
      throw transferError(peerId, 'snapshot', error)
    }
  }
}
