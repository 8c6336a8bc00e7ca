import { gossipsub, TopicValidatorResult, type GossipSub, type GossipsubMessage, type SignedMessage, type SubscriptionChangeData } from '@libp2p/gossipsub'
import { WireError } from '../../protocols/wire/errors.ts'
import { MAXIMUM_PROGRESS_BYTES } from '../../protocols/wire/limits.ts'
import { Allowances, type Rate } from '../../protocols/wire/allowance.ts'
import { rejection, type Rejection } from '../../protocols/wire/rejection.ts'
import { ANNOUNCEMENT_RATE, GOSSIP_RATE, MAXIMUM_CONNECTIONS, PILED_UP_MS, REMEMBERED_ANNOUNCERS } from './constants.ts'
import type { Pubsub } from './pubsub.ts'

/** A message above the receiver's limit silently kills that direction of gossipsub for good, so the limit leaves room. */
export const MAXIMUM_GOSSIP_BYTES = 64 * 1024

/** Thresholds that no honest peer of ours reaches: peers are judged by the protocols, gossip only carries. */
const SCORE_THRESHOLDS = { gossipThreshold: -1e6, publishThreshold: -2e6, graylistThreshold: -3e6 }

/** The gossipsub service: every message signed, and a frugal mesh (a tenth of the default traffic at 12 peers). */
export function gossipService (topic: string): ReturnType<typeof gossipsub> {
  return gossipsub({
    globalSignaturePolicy: 'StrictSign',
    allowPublishToZeroTopicPeers: true,
    emitSelf: false,
    floodPublish: false,
    doPX: false,
    // a relay's limit is generous, and announcements are small
    runOnLimitedConnection: true,
    D: 3,
    Dlo: 2,
    Dhi: 5,
    Dscore: 1,
    Dout: 1,
    Dlazy: 2,
    maxInboundDataLength: MAXIMUM_GOSSIP_BYTES,
    allowedTopics: [topic],
    // a household or a lab behind one address is a swarm, not an attack
    scoreParams: { IPColocationFactorWeight: 0 },
    scoreThresholds: SCORE_THRESHOLDS
  })
}

/** How much may come at once from one that kept to this rate. */
const piledUp = ({ perSecond }: Rate): Rate => ({ burst: perSecond * PILED_UP_MS / 1000, perSecond })

function tooMany ({ perSecond }: Rate): Rejection {
  return rejection('TOO_MANY_REQUESTS', { what: 'announcements a second', limit: perSecond })
}

/** Whoever brings what does not pass is not to blame: its hello may be on its way. */
async function resultOf (passes: boolean | Promise<boolean>): Promise<TopicValidatorResult> {
  return await passes ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
}

export interface GossipRules {
  readonly isValid: (bytes: Uint8Array) => boolean
  readonly passes: (neighbour: string, announcer: string) => boolean | Promise<boolean>
  readonly nowMs: () => number
}

/** `Pubsub` over gossipsub, on one topic. */
export class Gossip implements Pubsub {
  readonly #gossip: GossipSub
  readonly #topic: string

  readonly #byAnnouncer = new Allowances(ANNOUNCEMENT_RATE, REMEMBERED_ANNOUNCERS)
  readonly #byNeighbour = new Allowances(GOSSIP_RATE, MAXIMUM_CONNECTIONS)
  readonly #honestOfAnnouncer = new Allowances(piledUp(ANNOUNCEMENT_RATE), REMEMBERED_ANNOUNCERS)
  readonly #honestOfNeighbour = new Allowances(piledUp(GOSSIP_RATE), MAXIMUM_CONNECTIONS)
  #onMisconduct: (neighbour: string, why: Rejection) => void = () => undefined

  /** Messages are judged before they are delivered or passed on: `isValid` by what they say, `passes` by the neighbour that they come from and whoever announces them. */
  constructor (gossip: GossipSub, topic: string, { isValid, passes, nowMs }: GossipRules) {
    this.#gossip = gossip
    this.#topic = topic
    gossip.topicValidators.set(topic, (neighbour, message) => {
      if (message.type !== 'signed' || !this.#isInTime(neighbour.toString(), message.from.toString(), nowMs())) return TopicValidatorResult.Ignore
      if (isValid(message.data)) return resultOf(passes(neighbour.toString(), message.from.toString()))
      this.#onNonsense(neighbour.toString(), message)
      return TopicValidatorResult.Reject
    })
  }

  onMisconduct (listener: (neighbour: string, why: Rejection) => void): void { this.#onMisconduct = listener }

  /** Whoever only passes it on may be of a version to which it makes sense. */
  #onNonsense (neighbour: string, { from, data }: SignedMessage): void {
    if (neighbour === from.toString()) this.#onMisconduct(neighbour, rejection('BAD_MESSAGE', { detail: `${data.byteLength} bytes are no announcement` }))
  }

  /** What comes too fast is dropped here and goes no further. Only whoever sends it itself is to blame, and only for what cannot have piled up while either side stood still. */
  #isInTime (neighbour: string, announcer: string, nowMs: number): boolean {
    if (!this.#honestOfNeighbour.take(neighbour, nowMs)) this.#onMisconduct(neighbour, tooMany(GOSSIP_RATE))
    if (!this.#honestOfAnnouncer.take(announcer, nowMs) && neighbour === announcer) this.#onMisconduct(neighbour, tooMany(ANNOUNCEMENT_RATE))
    return this.#byNeighbour.take(neighbour, nowMs) && this.#byAnnouncer.take(announcer, nowMs)
  }

  /** Joins the topic; the node must have been started. */
  start (): void { this.#gossip.subscribe(this.#topic) }

  async publish (bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > MAXIMUM_PROGRESS_BYTES) throw new WireError('too-long', `an announcement of ${bytes.byteLength} bytes exceeds ${MAXIMUM_PROGRESS_BYTES}`)
    await this.#gossip.publish(this.#topic, bytes)
  }

  onMessage (listener: (from: string, bytes: Uint8Array, neighbour: string) => void): void {
    this.#gossip.addEventListener('gossipsub:message', (event: CustomEvent<GossipsubMessage>) => {
      const { msg, propagationSource } = event.detail
      if (msg.type === 'signed' && msg.topic === this.#topic) listener(msg.from.toString(), msg.data, propagationSource.toString())
    })
  }

  onListener (callback: () => void): void {
    this.#gossip.addEventListener('subscription-change', (event: CustomEvent<SubscriptionChangeData>) => {
      if (event.detail.subscriptions.some(({ topic, subscribe }) => subscribe && topic === this.#topic)) callback()
    })
  }
}
