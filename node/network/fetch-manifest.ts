import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { askManifest } from '../../protocols/manifest/client.ts'
import { MANIFEST_PROTOCOL } from '../../protocols/wire/protocol-ids.ts'
import { dialAny } from './dialer.ts'
import { createAskingNode } from './libp2p-node.ts'

export interface FetchManifestOptions {
  /** The identity to ask with; a passing one unless given. */
  readonly privateKey?: PrivateKey
  /** Of a private network. */
  readonly networkKey?: Uint8Array | undefined
  readonly signal?: AbortSignal
}

export type Attempt = { readonly manifest: Uint8Array } | { readonly address: string, readonly refused: boolean, readonly why: string }

/**
 * Asks the peers at `addresses`, one after the other, for the signed manifest of a run, on a node of its own that only
 * dials. Signature and run id are the caller's to check.
 *
 * @throws ShoalError `PEER_INCOMPATIBLE` when a peer answered but would not, `BOOTSTRAP_UNREACHABLE` when none answered
 */
export async function fetchManifest (addresses: readonly string[], runId: string, options: FetchManifestOptions = {}): Promise<Uint8Array> {
  const signal = options.signal ?? new AbortController().signal
  signal.throwIfAborted()
  const node = await createAskingNode(options)
  const failures: Array<Exclude<Attempt, { manifest: Uint8Array }>> = []
  try {
    for (const address of addresses) {
      const attempt = await askForManifest(node, [address], runId, signal)
      if ('manifest' in attempt) return attempt.manifest
      failures.push(attempt)
    }
  } finally {
    await node.stop()
  }
  throw failure(runId, failures)
}

/** Asks one peer at any of its addresses. @throws the signal's reason */
export async function askForManifest (node: Pick<Libp2p, 'dial'>, addresses: readonly string[], runId: string, signal: AbortSignal): Promise<Attempt> {
  const address = addresses.join(' or ')
  let reached = false
  try {
    const connection = await dialAny(node, addresses, signal)
    reached = true
    const answer = await askManifest(await connection.newStream(MANIFEST_PROTOCOL, { signal, runOnLimitedConnection: true }), runId, signal)
    return 'manifest' in answer ? answer : { address, refused: true, why: answer.rejection.sentence }
  } catch (error) {
    signal.throwIfAborted()
    return { address, refused: reached, why: reasonOf(error) }
  }
}

function failure (runId: string, failures: ReadonlyArray<{ address: string, refused: boolean, why: string }>): ShoalError {
  const why = failures.map(({ address, why }) => `${address}: ${why}`).join('; ')
  if (failures.some(({ refused }) => refused)) {
    return new ShoalError({
      code: 'PEER_INCOMPATIBLE',
      what: `no peer gave the manifest of run ${runId}`,
      why,
      tryThis: 'ask for a fresh invite, and check that both sides have the same version of Shoal'
    })
  }
  return new ShoalError({
    code: 'BOOTSTRAP_UNREACHABLE',
    what: `no peer of run ${runId} can be reached`,
    why: why === '' ? 'the invite names no address' : why,
    tryThis: 'check that a peer of the run is up and that its address and port can be reached from here'
  })
}
