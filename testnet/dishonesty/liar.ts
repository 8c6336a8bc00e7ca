import { z } from 'zod'
import type { Between, BetweenParts } from '../../node/peer/between.ts'
import { words } from '../../src/random/words.ts'
import { attackSchema } from '../scenarios/attacks.ts'
import type { Attack } from '../scenarios/attacks.ts'
import { LIES_STREAM } from './conduct.ts'
import type { Conduct } from './conduct.ts'
import { corruptedPeers, corruptedTrainer } from './rounds.ts'
import { corruptedMeasurements, corruptedSending } from './scalars.ts'

/** What a launcher says to the process of a peer that is to lie from now on. */
const orderSchema = z.object({ attack: attackSchema })

export type Order = z.infer<typeof orderSchema>

/** A real peer that lies from when it is told to. */
export class Liar implements Conduct {
  attack: Attack | undefined
  #warn: ((sentence: string) => void) | undefined

  constructor (attack: Attack | undefined) { this.attack = attack }

  /** @param order whatever the process heard; what is no order is none */
  hear (order: unknown): void {
    const parsed = orderSchema.safeParse(order)
    if (!parsed.success || parsed.data.attack === this.attack) return
    this.attack = parsed.data.attack
    this.#tell()
  }

  readonly between = ({ seed, warn }: BetweenParts): Between => {
    this.#warn = warn
    this.#tell()
    const random = words(seed, LIES_STREAM)
    return {
      trainer: inner => inner.scalars === undefined && inner.packs === undefined ? corruptedTrainer(inner, this, random) : corruptedMeasurements(inner, this),
      peers: inner => corruptedPeers(inner, this, random),
      scalars: send => corruptedSending(send, this)
    }
  }

  #tell (): void {
    if (this.attack !== undefined) this.#warn?.(`this peer lies on purpose: ${this.attack}`)
  }
}
