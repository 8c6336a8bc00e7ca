import { setTimeout as pause } from 'node:timers/promises'
import { tokenShares } from '../../src/averaging/arithmetic/token-weights.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { reasonOf } from '../../src/errors.ts'
import type { PeerEvent } from '../../src/events.ts'
import { shortId } from '../../src/membership/short-id.ts'
import { mergeReplicas } from '../../src/parameters/merge.ts'
import type { Merged, MergeInput } from '../../src/parameters/merge.ts'
import type { PresentPeer } from '../../src/ports.ts'
import type { PeerParts } from './peer-parts.ts'

/** Others may be several times slower; one that takes longer than this after the fastest is merged without. */
const LONGEST_WAIT_MS = 10 * 60_000
/** Everyone fetches from everyone, so whoever is fast stays a while for those who still fetch. */
const LONGEST_STAY_MS = 60_000
/** A member gives its weights to two at a time: the others ask again. */
const [ATTEMPTS, BETWEEN_ATTEMPTS_MS] = [20, 500]

export type MergedEvent = Extract<PeerEvent, { type: 'merged' }>

export interface MergerOptions {
  readonly parts: PeerParts
  readonly runId: string
  readonly say: (sentence: string) => void
  /** This peer's weights as others get them. */
  readonly own: () => Promise<MergeInput & { readonly round: number, readonly step: number }>
  /** Whether training is over, so that this peer's weights no longer move. */
  readonly isOver: () => boolean
}

interface Member extends MergeInput {
  readonly peerId: string
}

/**
 * One full consensus average of everyone who is there, weighted by tokens: each fetches everyone's weights, and all who see the same members get the
 * same bits. This peer goes on from its own weights; the merged ones are written beside them.
 */
export class Merger {
  readonly #options: MergerOptions
  readonly #served = new Set<string>()

  constructor (options: MergerOptions) {
    this.#options = options
    // Others hear of the end of training at once, and may fetch while this peer still measures and writes.
    options.parts.serving.onServed = peerId => { if (options.isOver()) this.#served.add(peerId) }
  }

  /**
   * Merges with whoever is there now. Undefined for a peer that is alone.
   *
   * @throws ShoalError TRAINER_FAILED when a loss cannot be measured; the signal's reason
   */
  async merge (signal: AbortSignal): Promise<MergedEvent | undefined> {
    const { parts: { network, trainer, merges, layout, keepExperts }, say, own } = this.#options
    const { round, step, ...ownWeights } = await own()
    const others = await this.#fetchAll(network.present().filter(hasWeights), signal)
    if (others.length === 0) {
      say('nothing to merge with: nobody else is here, and this peer’s own weights stay as they are')
      return undefined
    }
    const members = [{ peerId: network.self, ...ownWeights }, ...others].sort((a, b) => a.peerId < b.peerId ? -1 : 1)
    const shares = tokenShares(members.map(({ tokens }) => tokens))
    const merged = mergeReplicas(members.map(({ weights }, index) => ({ weights, tokens: shares[index] ?? 0 })), layout)
    const { loss: lossBefore } = await trainer.evaluate(ownWeights.weights)
    const { loss: lossAfter } = await trainer.evaluate(merged.weights)
    const path = await merges.write(this.#checkpointOf(merged, { round, step, tokens: ownWeights.tokens, heldOutLoss: lossAfter }))
    await keepExperts?.(members.map(member => this.#checkpointOf(member, { round, step, tokens: member.tokens }, member.peerId)))
    return { type: 'merged', step, members: members.map(({ peerId }) => peerId), spread: merged.spreadBefore, lossBefore, lossAfter, path }
  }

  /** Merges once everyone who is there has spent its budget, and stays until they have what they need of this peer. */
  async mergeInTheEnd (signal: AbortSignal): Promise<MergedEvent | undefined> {
    const { parts: { network } } = this.#options
    await this.#until(LONGEST_WAIT_MS, signal, () => this.#othersTrain())
    const event = await this.merge(signal)
    const finished = network.present().filter(peer => !peer.training && hasWeights(peer))
    await this.#until(LONGEST_STAY_MS, signal, () => {
      const waiting = finished.filter(({ peerId }) => !this.#served.has(peerId) && network.present().some(peer => peer.peerId === peerId))
      return waiting.length === 0 ? undefined : `merged; ${namesOf(waiting)} may still fetch this peer’s weights`
    })
    return event
  }

  #othersTrain (): string | undefined {
    const training = this.#options.parts.network.present().filter(peer => peer.training)
    return training.length === 0 ? undefined : `done; before the final merge ${namesOf(training)} still ${training.length === 1 ? 'trains' : 'train'}`
  }

  /** Waits while there is something to wait for, which is told when it changes. */
  async #until (longestMs: number, signal: AbortSignal, whatFor: () => string | undefined): Promise<void> {
    let said: string | undefined
    for (let waitedMs = 0; waitedMs < longestMs; waitedMs += BETWEEN_ATTEMPTS_MS) {
      const sentence = whatFor()
      if (sentence === undefined) return
      if (sentence !== said) this.#options.say(sentence)
      said = sentence
      await pause(BETWEEN_ATTEMPTS_MS, undefined, { signal })
    }
  }

  /** One after the other, beginning behind this peer's own place, so that not everybody asks the same one first. */
  async #fetchAll (peers: readonly PresentPeer[], signal: AbortSignal): Promise<Member[]> {
    const { parts: { network }, say } = this.#options
    const behind = peers.filter(({ peerId }) => peerId > network.self)
    const members: Member[] = []
    for (const { peerId } of [...behind, ...peers.filter(peer => !behind.includes(peer))]) {
      try {
        members.push(await this.#fetch(peerId, signal))
      } catch (error) {
        signal.throwIfAborted()
        say(`merging without ${shortId(peerId)}: ${reasonOf(error)}`)
      }
    }
    return members
  }

  async #fetch (peerId: string, signal: AbortSignal): Promise<Member> {
    const { parts: { network } } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        const { weights, tokens = 0 } = await network.fetchSnapshot(peerId, signal)
        return { peerId, weights, tokens }
      } catch (error) {
        const isHere = network.present().some(peer => peer.peerId === peerId)
        if (attempt === ATTEMPTS || !isHere) throw error
        await pause(BETWEEN_ATTEMPTS_MS, undefined, { signal })
      }
    }
  }

  #checkpointOf ({ weights }: Pick<Merged, 'weights'>, moment: Pick<Checkpoint, 'round' | 'step' | 'tokens' | 'heldOutLoss'>, peerId = this.#options.parts.network.self): Checkpoint {
    const { parts: { trainer, samplingSeed }, runId } = this.#options
    const zeros = new Float32Array(weights.length)
    return {
      runId, peerId, ...moment, kernelVariant: trainer.kernelVariant, samplingSeed, syncedStep: moment.step, counters: {},
      weights, slow: weights, momentum: new Float32Array(), adamFirst: zeros, adamSecond: zeros
    }
  }
}

function namesOf (peers: readonly PresentPeer[]): string {
  return peers.map(({ peerId }) => shortId(peerId)).join(', ')
}

/** Who still prepares has none. */
function hasWeights ({ training, round }: PresentPeer): boolean {
  return training || round > 0
}
