import type { StampedEvent } from '../../src/events.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Output } from '../../node/cli/output.ts'
import { RoundLines } from '../launcher/round-lines.ts'
import type { Testnet } from '../launcher/testnet.ts'
import { describeSettings } from './describe.ts'
import type { Settings } from './settings.ts'
import { isBelieved, joinLine, remarkOf } from './view.ts'
import type { SwarmViewer } from './view.ts'

/** Into a pipe or a file: one line a round, and whatever is out of the ordinary. */
export class LineView implements SwarmViewer {
  readonly #output: Output
  readonly #names = new Map<string, string>()
  readonly #lost = new Set<string>()
  readonly #rounds: RoundLines
  readonly #early: Array<[string, StampedEvent]> = []
  #testnet: Testnet | undefined
  readonly #nameOf = (peerId: string): string => this.#names.get(peerId) ?? shortId(peerId)

  constructor (settings: Settings, output: Output) {
    this.#output = output
    this.#rounds = new RoundLines(this.#nameOf)
    output.line(describeSettings(settings))
  }

  started (testnet: Testnet): void {
    this.#testnet = testnet
    for (const view of testnet.views) this.#names.set(view.peerId, view.name)
    this.#output.line(`one more peer: ${joinLine(testnet.invite)}`)
    for (const [name, event] of this.#early.splice(0)) this.event(name, event)
  }

  event (name: string, event: StampedEvent): void {
    if (event.type === 'started') this.#output.line(`${name} is ${shortId(event.peerId)}: ${event.parameters} parameters on ${event.backend}`)
    // Rounds name peers by letters, which are known once all have started.
    else if (this.#testnet === undefined) this.#early.push([name, event])
    else if (event.type === 'round') this.#tell(isBelieved(this.#testnet, name) ? this.#rounds.add(name, event.record, this.#expected()) : [])
    else if (event.type === 'peer-joined' && !this.#names.has(event.peerId)) {
      this.#names.set(event.peerId, shortId(event.peerId))
      this.#output.line(`${shortId(event.peerId)} joined`)
    } else {
      const remark = remarkOf(name, event, this.#nameOf)
      if (remark !== undefined) this.#output.line(remark)
    }
  }

  lost (name: string): void {
    this.#lost.add(name)
    this.#output.line(`${name} is gone; the others go on, and one more peer can still join: ${joinLine(this.#testnet?.invite ?? '')}`)
  }

  happened (sentence: string): void {
    this.#output.line(sentence)
  }

  close (sentence?: string): void {
    this.#tell(this.#rounds.flush())
    if (sentence !== undefined) this.#output.line(sentence)
  }

  #expected (): number {
    return Math.max(1, this.#testnet?.seats.filter(({ name, attack }) => attack === undefined && !this.#lost.has(name)).length ?? 1)
  }

  #tell (lines: readonly string[]): void {
    for (const line of lines) this.#output.line(line)
  }
}
