import { reasonOf } from '../../src/errors.ts'
import type { Peers, PresentPeer } from '../../src/ports.ts'
import type { AttestAnswer, AttestQuestion, PartStream, SnapshotOffer, SnapshotPeers } from '../../src/transfer/transfer-ports.ts'
import type { HeldSnapshots } from './held-snapshots.ts'
import { settled } from './settled.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** A question, an offer and the answer to a part, headers included. */
const [QUESTION_BYTES, OFFER_BYTES, ANSWER_BYTES] = [200, 300, 20] as const
/** A sketch of one part. */
const SKETCH_BYTES = 1100
const CHUNK_OVERHEAD_BYTES = 150

export interface VirtualSnapshotOptions {
  readonly peers: Pick<Peers, 'self' | 'present' | 'onChange'>
  readonly clock: MachineClock
  readonly network: VirtualNetwork
  /** What a member holds, and its machine; undefined for one that holds nothing. */
  readonly memberOf: (id: string) => { readonly held: HeldSnapshots, readonly clock: MachineClock } | undefined
  /** Bytes that each byte of a chunk stands for. */
  readonly payloadScale: number
  /** Told of whoever gave what cannot be believed. */
  readonly refuse: (peerId: string, why: string) => void
}

/** A joiner's way to the snapshots of a simulated swarm: over the same lines as its rounds. */
export class VirtualSnapshots implements SnapshotPeers {
  readonly self: string
  readonly refuse: (peerId: string, why: string) => void
  readonly #options: VirtualSnapshotOptions

  constructor (options: VirtualSnapshotOptions) {
    this.#options = options
    this.self = options.peers.self
    this.refuse = options.refuse
  }

  present (): readonly PresentPeer[] { return this.#options.peers.present() }

  onChange (listener: () => void): () => void {
    const { peers, clock } = this.#options
    return peers.onChange(() => {
      listener()
      clock.follow(settled())
    })
  }

  async offers (peerId: string, hold: number | undefined): Promise<readonly SnapshotOffer[]> {
    return this.#ask(peerId, QUESTION_BYTES, held => {
      held.hold(hold)
      return held.holders.map(({ offer }) => offer)
    }, offers => OFFER_BYTES * offers.length)
  }

  async attest (peerId: string, question: AttestQuestion): Promise<readonly AttestAnswer[]> {
    return this.#ask(peerId, SKETCH_BYTES * question.parts.length, async held => {
      held.hold(question.round)
      const own = held.holders.find(({ offer }) => offer.round === question.round)
      if (own === undefined) throw new Error(`it holds no snapshot of round ${question.round}`)
      return own.opinion(question)
    }, answers => ANSWER_BYTES * answers.length)
  }

  async open (peerId: string): Promise<PartStream> {
    await this.#ask(peerId, QUESTION_BYTES, () => undefined, () => QUESTION_BYTES)
    let isOpen = true
    return {
      ask: async (file, _fileBytes, offset, length) => {
        const part = await this.#ask(peerId, QUESTION_BYTES, held => {
          const holder = held.holders.find(({ offer }) => offer.data === file || offer.list === file)
          if (holder === undefined) throw new Error('there is no such file any more')
          held.hold(holder.offer.round)
          return holder.part(file, offset, length)
        }, ({ length: bytes }) => CHUNK_OVERHEAD_BYTES + this.#options.payloadScale * bytes)
        if (!isOpen) throw new Error('the stream is closed')
        return part
      },
      close: () => { isOpen = false }
    }
  }

  /** There with a question, and back with what the member makes of it. Rejects with what it throws, or when one of them cannot be reached. */
  async #ask<Answer> (peerId: string, bytes: number, answer: (held: HeldSnapshots) => Answer | Promise<Answer>, bytesOf: (answer: Answer) => number): Promise<Answer> {
    const { network, clock, memberOf } = this.#options
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => { clock.reach(async () => { reject(new Error(why)); return settled() }) }
      network.carry(this.self, peerId, bytes, arrived => {
        const member = memberOf(peerId)
        if (!arrived || member === undefined) { fail('it cannot be reached'); return }
        member.clock.reach(async () => {
          try {
            const given = await answer(member.held)
            network.carry(peerId, this.self, bytesOf(given), isWhole => {
              if (isWhole) clock.reach(async () => { resolve(given); return settled() })
              else fail('the connection was lost')
            })
          } catch (error) {
            network.carry(peerId, this.self, QUESTION_BYTES, () => { fail(reasonOf(error)) })
          }
        })
      })
    })
  }
}
