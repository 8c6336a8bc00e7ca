import type { Entry } from '../../src/spsa/ledger-entry.ts'
import type { RoundRecord } from '../../src/ports.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { counted } from '../terminal/units.ts'

/** What a scalar peer told about one φ after the other, as rounds. */
export class LaneRounds {
  closed = 0
  /** Those in which anybody was told anything. */
  heard = 0
  readonly #network: Pick<SwarmNetwork, 'self' | 'meter'>
  #round: number | undefined
  #bytes = 0
  #receivers = 0
  #losses: number[] = []
  #payload = { sent: 0, received: 0 }

  constructor (network: Pick<SwarmNetwork, 'self' | 'meter'>) {
    this.#network = network
  }

  begin (round: number): void { this.#round = round }

  measured (loss: number): void { if (Number.isFinite(loss)) this.#losses.push(loss) }

  sent ({ levels }: Entry, receivers: number): void {
    this.#bytes += levels.length
    this.#receivers = receivers
  }

  /** What has come to an end; undefined before the first φ. @param step directions measured so far */
  close (step: number): RoundRecord | undefined {
    if (this.#round === undefined) return undefined
    const { payloadSent, payloadReceived } = this.#network.meter.totals()
    const told = this.#bytes === 0 ? 'told nobody anything' : `told ${counted(this.#receivers, 'peer')} that train${this.#receivers === 1 ? 's' : ''} ${counted(this.#bytes, 'byte')}`
    const record: RoundRecord = {
      round: this.#round, step, members: [this.#network.self], outcome: 'solo', reason: `scalar lane: ${told} about the weights of round ${this.#round}`, spread: Number.NaN,
      loss: this.#losses.reduce((sum, loss) => sum + loss, 0) / this.#losses.length, waitedMs: 0,
      payloadBytesSent: payloadSent - this.#payload.sent, payloadBytesReceived: payloadReceived - this.#payload.received
    }
    this.closed++
    if (this.#bytes > 0) this.heard++
    this.#payload = { sent: payloadSent, received: payloadReceived };
    [this.#round, this.#bytes, this.#receivers, this.#losses] = [undefined, 0, 0, []]
    return record
  }
}
