import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import type { KadDHT } from '@libp2p/kad-dht'
import type { PeerInfo } from '@libp2p/interface'
import { FIRST_LOOKUP_MS, LOOKUP_LIMIT_MS, LOOKUP_MS, MAXIMUM_FOUND, PROVIDE_MS } from './reach-limits.ts'
import { within } from './within.ts'

const RAW = 0x55
const SHA256 = 0x12

/** Under which the table keeps members of a run: the run id is a SHA-256 already. */
export function runKey (runId: string): CID {
  const bytes = Uint8Array.from(runId.match(/../g) ?? [], digits => Number.parseInt(digits, 16))
  return CID.createV1(RAW, Digest.create(SHA256, bytes))
}

/** Members of a run that the table knows, in the order in which they come. */
export async function * providersOf (dht: KadDHT, runId: string, signal: AbortSignal): AsyncGenerator<PeerInfo> {
  const told = new Set<string>()
  for await (const event of dht.findProviders(runKey(runId), { signal })) {
    if (event.name !== 'PROVIDER' && event.name !== 'PEER_RESPONSE') continue
    for (const provider of event.providers) {
      if (told.has(provider.id.toString())) continue
      told.add(provider.id.toString())
      yield provider
      if (told.size >= MAXIMUM_FOUND) return
    }
  }
}

export interface RendezvousOptions {
  readonly dht: KadDHT
  readonly runId: string
  /** Whether this peer has company; alone it asks more often. */
  readonly hasCompany: () => boolean
  readonly onFound: (peerId: string, addresses: readonly string[]) => void
  readonly nowMs: () => number
}

/** Tells the table that this peer is of its run, and asks who else is. */
export class Rendezvous {
  readonly #options: RendezvousOptions
  readonly #stopping = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #working: Promise<void> = Promise.resolve()
  #lonelyMs = FIRST_LOOKUP_MS
  #provideMs = 0

  constructor (options: RendezvousOptions) { this.#options = options }

  start (): void { this.#wait(FIRST_LOOKUP_MS) }

  /** Where this peer can be reached has changed: the table is told again, soon. */
  renew (): void {
    this.#provideMs = 0
    this.#wait(FIRST_LOOKUP_MS)
  }

  async stop (): Promise<void> {
    this.#stopping.abort(new Error('this peer stops'))
    clearTimeout(this.#timer)
    await this.#working
  }

  #wait (delayMs: number): void {
    if (this.#stopping.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#working = this.#work() }, delayMs)
  }

  async #work (): Promise<void> {
    const { hasCompany } = this.#options
    await within(LOOKUP_LIMIT_MS, async timeout => this.#meet(AbortSignal.any([timeout, this.#stopping.signal]))).catch(() => undefined)
    if (hasCompany()) this.#lonelyMs = FIRST_LOOKUP_MS
    this.#wait(hasCompany() ? LOOKUP_MS : this.#lonelyMs)
    if (!hasCompany()) this.#lonelyMs = Math.min(2 * this.#lonelyMs, LOOKUP_MS)
  }

  async #meet (signal: AbortSignal): Promise<void> {
    const { dht, runId, onFound, nowMs } = this.#options
    for await (const { id, multiaddrs } of providersOf(dht, runId, signal)) onFound(id.toString(), multiaddrs.map(String))
    if (nowMs() < this.#provideMs) return
    let isTold = false
    for await (const { name } of dht.provide(runKey(runId), { signal })) isTold ||= name === 'PEER_RESPONSE'
    if (isTold) this.#provideMs = nowMs() + PROVIDE_MS
  }
}
