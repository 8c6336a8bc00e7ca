import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { ShoalError } from '../../src/errors.ts'
import { dialable } from './addresses.ts'
import { dialAny } from './dialer.ts'
import { askForManifest } from './fetch-manifest.ts'
import { createAskingNode } from './libp2p-node.ts'
import { providersOf } from './rendezvous.ts'

/** A network of mobile phones answers within seconds; a walk through a table over slow links takes a few more. */
const SEARCH_LIMIT_MS = 45_000
/** Peers whose table is walked: enough to find one that is up. */
const MAXIMUM_DOORS = 16

export interface SearchOptions {
  /** Peers of whatever run that keep the table: those of the config, and members of earlier days. */
  readonly known: readonly string[]
  readonly privateKey?: PrivateKey
  readonly networkKey?: Uint8Array | undefined
  readonly signal: AbortSignal
}

export interface FoundManifest {
  readonly manifest: Uint8Array
  /** Where the member that gave it is. */
  readonly addresses: readonly string[]
}

/**
 * Looks for members of a run whose addresses nobody told: on the local network, and in the table of any peer of any run.
 * The first member that gives the manifest ends the search.
 *
 * @throws ShoalError `BOOTSTRAP_UNREACHABLE` when none was found in time
 */
export async function findManifest (runId: string, { known, privateKey, networkKey, signal }: SearchOptions): Promise<FoundManifest> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(SEARCH_LIMIT_MS)])
  const candidates = new Candidates()
  const node = await createAskingNode({ privateKey, networkKey, runId, onNeighbour: (peerId, addresses) => { candidates.add(peerId, addresses) } })
  const walking = walk(node, runId, known.slice(0, MAXIMUM_DOORS), candidates, stop)
  try {
    for (;;) {
      const addresses = await candidates.next(stop)
      const attempt = await askForManifest(node, addresses, runId, stop).catch(() => undefined)
      if (attempt !== undefined && 'manifest' in attempt) return { manifest: attempt.manifest, addresses }
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw notFound(runId, known.length, candidates.count, cause)
  } finally {
    await node.stop()
    await walking
  }
}

/** Peers that were found, each once, for who asks them one after the other. */
class Candidates {
  readonly #seen = new Set<string>()
  readonly #waiting: string[][] = []
  #wake: (() => void) | undefined

  get count (): number { return this.#seen.size }

  add (peerId: string, told: readonly string[]): void {
    const addresses = dialable(peerId, told)
    if (addresses.length === 0 || this.#seen.has(peerId)) return
    this.#seen.add(peerId)
    this.#waiting.push(addresses)
    this.#wake?.()
  }

  async next (signal: AbortSignal): Promise<readonly string[]> {
    for (;;) {
      signal.throwIfAborted()
      const found = this.#waiting.shift()
      if (found !== undefined) return found
      await new Promise<void>(resolve => {
        this.#wake = resolve
        signal.addEventListener('abort', () => { resolve() }, { once: true })
      })
    }
  }
}

/** Asks the table again and again, as long as anybody who keeps it is connected: a member may come a moment later. */
async function walk (node: Libp2p<{ dht?: KadDHT }>, runId: string, known: readonly string[], candidates: Candidates, signal: AbortSignal): Promise<void> {
  const { dht } = node.services
  if (dht === undefined || known.length === 0) return
  await Promise.allSettled(known.map(async address => dialAny(node, [address], signal)))
  for (let pauseMs = 500; !signal.aborted && node.status === 'started'; pauseMs *= 2) {
    try {
      for await (const { id, multiaddrs } of providersOf(dht, runId, signal)) candidates.add(id.toString(), multiaddrs.map(String))
    } catch {
      // nobody keeps the table yet, or it is over: both show in the next turn
    }
    await new Promise(resolve => { setTimeout(resolve, pauseMs) })
  }
}

function notFound (runId: string, known: number, found: number, cause: unknown): ShoalError {
  const table = known === 0 ? 'no peer of any run is known here that could be asked for the table' : 'neither did the table that known peers keep'
  return new ShoalError({
    code: 'BOOTSTRAP_UNREACHABLE', what: `no member of run ${runId.slice(0, 12)} was found within ${SEARCH_LIMIT_MS / 1000} s`,
    why: found > 0 ? `${found === 1 ? 'one was' : `${found} were`} found, and none gave the manifest` : `the local network named none, and ${table}`,
    tryThis: 'ask a member for an invite (shoal invite), or name a peer of any run that is up: --bootstrap /ip4/…/tcp/…/p2p/…', cause
  })
}
