import { lastStepOf } from '../../src/spsa/ledger-entry.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { RoundRecord } from '../../src/ports.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { peerOfKey } from './keys.ts'

/** How many steps of training a round has, and how many places for scalars in the ledger. */
export interface RoundShape {
  readonly steps: number
  readonly window: number
}

/** What happened between two packs of this peer, told as a round. */
export class PackRounds {
  /** Packs sent in this life, and those of them beside which others' came. */
  closed = 0
  shared = 0
  round = 0
  readonly #shape: RoundShape
  readonly #network: Pick<SwarmNetwork, 'self' | 'present' | 'meter'>
  readonly #authors = new Set<string>()
  readonly #agreed = new Set<string>()
  #bytes = 0
  #delaySteps = 0
  #meanDelay = 0
  #repairs = 0
  #sealed = ''
  #losses: number[] = []
  #abstentions = 0
  #payload = { sent: 0, received: 0 }

  constructor (shape: RoundShape, network: Pick<SwarmNetwork, 'self' | 'present' | 'meter'>) {
    this.#shape = shape
    this.#network = network
  }

  /** How long it takes until a byte counts: packing is part of the method. */
  get delaySentence (): string {
    return `a byte counts up to ${this.#shape.steps - 1} steps after it was measured${this.#meanDelay === 0 ? '' : `, others’ ${this.#meanDelay.toFixed(0)} on average`}`
  }

  /** @param loss of a measurement, or of the local steps of a round; one that is no number was abstained from */
  measured (loss: number): void {
    if (Number.isFinite(loss)) this.#losses.push(loss)
    else this.#abstentions++
  }

  /** @param step steps that this peer has taken */
  admitted (entry: Entry, step: number): void {
    if (peerOfKey(entry.peer) === this.#network.self) return
    this.#authors.add(entry.peer)
    this.#bytes += payloadOf(entry)
    const middle = (entry.firstStep + lastStepOf(entry)) / 2 * this.#shape.steps / this.#shape.window
    this.#delaySteps += payloadOf(entry) * Math.max(0, step - middle)
  }

  agreed (peer: string): void { this.#agreed.add(peer) }

  /** The step of training that a step of the ledger is of: that counts scalars. */
  stepOf (place: number): number { return Math.floor(place * this.#shape.steps / this.#shape.window) }

  sealed (place: number, agreed: number): void { this.#sealed = `a snapshot at step ${this.stepOf(place)} stands for the bytes before, as ${agreed} ${agreed === 1 ? 'other agrees' : 'others agree'}` }

  lacked (): void { this.#repairs++ }

  /** The record of what has come to an end with a pack. @param step steps that this peer has taken @param remarks what else is to be said of it */
  close (step: number, pack: Entry, remarks: readonly string[] = []): RoundRecord {
    const { payloadSent, payloadReceived } = this.#network.meter.totals()
    const others = [...this.#authors].map(peerOfKey).sort()
    if (this.#bytes > 0) this.#meanDelay = this.#delaySteps / this.#bytes
    this.round = Math.ceil(step / this.#shape.steps)
    this.closed++
    if (others.length > 0) this.shared++
    const record: RoundRecord = {
      round: this.round, step, members: [this.#network.self, ...others].sort(), outcome: others.length > 0 ? 'averaged' : 'solo', reason: [this.#reason(others.length, payloadOf(pack)), ...remarks].join('; '),
      spread: Number.NaN, loss: mean(this.#losses), waitedMs: 0, payloadBytesSent: payloadSent - this.#payload.sent, payloadBytesReceived: payloadReceived - this.#payload.received
    }
    this.#payload = { sent: payloadSent, received: payloadReceived };
    [this.#bytes, this.#delaySteps, this.#repairs, this.#abstentions, this.#losses] = [0, 0, 0, 0, []]
    this.#sealed = ''
    this.#authors.clear()
    this.#agreed.clear()
    return record
  }

  #reason (others: number, sent: number): string {
    const came = others === 0 ? 'none came from others' : `${this.#bytes} of ${others} ${others === 1 ? 'other' : 'others'} came in, ${this.#meanDelay.toFixed(0)} steps after they were measured`
    const present = this.#network.present().length
    const compared = [
      ...this.#abstentions === 0 ? [] : [`abstained ${this.#abstentions === 1 ? 'once' : `${this.#abstentions} times`}, as the loss was no number`],
      ...this.#agreed.size === 0 ? [] : [`same bits as ${this.#agreed.size}`],
      ...this.#repairs === 0 ? [] : [`${this.#repairs} ledgers differed and were mended`],
      ...this.#sealed === '' ? [] : [this.#sealed]
    ]
    return `sent ${sent} bytes to ${present} ${present === 1 ? 'peer' : 'peers'}; ${[came, ...compared].join('; ')}`
  }
}

/** Bytes of scalars, and of the numbers of their seeds. */
function payloadOf ({ levels, pool }: Entry): number {
  return levels.byteLength + (pool?.byteLength ?? 0)
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
