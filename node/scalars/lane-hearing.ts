import type { ScalarLaneSpec } from '../../src/manifest/scalar-lane-schema.ts'
import type { PeerEvent } from '../../src/events.ts'
import type { RoundRecord, Store, Trainer } from '../../src/ports.ts'
import { FirstOrderLane } from '../../src/spsa/lanes/first-order-lane.ts'
import { laneRules } from '../../src/spsa/lanes/lane-rules.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { wallClock } from '../peer/wall-clock.ts'
import { keyOfPeer } from './keys.ts'
import { verifier } from './signing.ts'

export interface LaneHearingOptions {
  readonly lane: ScalarLaneSpec | undefined
  readonly runId: string
  readonly trainer: Trainer
  readonly store: Store
  readonly network: Pick<SwarmNetwork, 'scalars'>
  /** The last round that this peer committed. */
  readonly round: () => number
  readonly emit: (event: PeerEvent) => void
}

/** What a peer that trains hears of scalar peers, where its run has a lane of them; else its trainer and its store as they are. */
export class LaneHearing {
  readonly trainer: Trainer
  readonly store: Store
  #told: { readonly record: RoundRecord, readonly withScalars: RoundRecord } | undefined

  constructor ({ lane: spec, runId, trainer, store, network, round, emit }: LaneHearingOptions) {
    this.trainer = trainer
    this.store = store
    if (spec === undefined) return
    const lane = new FirstOrderLane(trainer, { rules: laneRules(spec, runId), verify: verifier(), clock: wallClock, round })
    this.trainer = lane.trainer
    this.store = {
      recordRound: record => {
        this.#told = { record, withScalars: lane.closed(record) }
        store.recordRound(this.#told.withScalars)
      }
    }
    network.scalars.onMessage((peerId, message) => {
      const key = keyOfPeer(peerId)
      const verdict = message.kind === 'pack' && key !== undefined ? lane.receive(key, message.entry) : undefined
      if (verdict?.kind === 'refused') emit({ type: 'peer-rejected', peerId, code: verdict.code, sentence: verdict.reason, by: 'us' })
    })
  }

  /** A record that was stored, with what scalars did in its round. */
  told (record: RoundRecord): RoundRecord {
    return this.#told?.record === record ? this.#told.withScalars : record
  }
}
