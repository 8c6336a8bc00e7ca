import { setTimeout as pause } from 'node:timers/promises'
import { shortId } from '../../src/membership/short-id.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { keyOfPeer } from './keys.ts'

export interface AftermathOptions {
  readonly machine: Pick<ScalarMachine, 'compare'>
  readonly network: SwarmNetwork
  readonly say: (sentence: string) => void
}

/** Others may be several times slower; one that takes longer than this after the first is left behind, and repairs itself with somebody else. */
const LONGEST_WAIT_MS = 10 * 60_000
const COMPARE_EVERY_MS = 1000

/** After the last step: whoever is there ends with the same bytes, and hence the same weights. */
export class Aftermath {
  readonly #options: AftermathOptions
  readonly #agreed = new Set<string>()

  constructor (options: AftermathOptions) { this.#options = options }

  /** Something came in or went: earlier agreement was about less. */
  changed (): void { this.#agreed.clear() }

  agreed (key: string): void { this.#agreed.add(key) }

  /** Waits until all who are there have taken their last step and compared. */
  async agree (stop: AbortSignal): Promise<void> {
    const { machine, network, say } = this.#options
    let said = ''
    for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS && !stop.aborted; waitedMs += COMPARE_EVERY_MS) {
      const present = network.present()
      const open = present.filter(({ peerId, training }) => training || !this.#agreed.has(keyOfPeer(peerId) ?? ''))
      if (open.length === 0) return
      const sentence = `done; ${open.map(({ peerId }) => shortId(peerId)).join(', ')} ${open.length === 1 ? 'has' : 'have'} yet to end with the same bytes`
      if (sentence !== said) say(sentence)
      said = sentence
      // also with those who agree: they may not know yet that this peer does, and nothing else would tell them
      for (const { peerId, training } of present) if (!training) machine.compare(keyOfPeer(peerId) ?? '')
      await pause(COMPARE_EVERY_MS, undefined, { signal: stop }).catch(() => undefined)
    }
  }
}
