import { reasonOf } from '../../src/errors.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Checks } from '../network/checks.ts'
import { formatBytes } from '../terminal/units.ts'

/** What a peer's link brings it, and how that is known. */
export interface LinkSpeed {
  readonly bytesPerSecond: number
  /** Follows a sentence about times. */
  readonly told: string
}

/** What a joiner reckons with where it cannot find out: 10 Mbit/s. */
const ASSUMED_BYTES_PER_SECOND = 1_250_000
/** Longer than what the sockets' buffers take, and a tenth of a second at what would be assumed. */
const PROBE_BYTES = 256 * 1024
/** Of a link that has not brought it within this, that much is known: it is slower. */
const PROBE_TIMEOUT_MS = 10_000

/**
 * What a link brings, by as many bytes as say nothing from one member: a fraction of what is chosen between, where that is large.
 *
 * @param chosenBytes what would be downloaded
 * @throws the signal's reason
 */
export async function linkSpeed (checks: Pick<Checks, 'ask'>, peerId: string | undefined, chosenBytes: number, signal: AbortSignal): Promise<LinkSpeed> {
  if (chosenBytes < PROBE_BYTES || peerId === undefined) return assumed(`${formatBytes(chosenBytes)} are not worth a probe`)
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS)
  const probe = `a probe of ${formatBytes(PROBE_BYTES)} from ${shortId(peerId)}`
  try {
    const { downloadBytesPerSecond } = await checks.ask(peerId, { addresses: [], upload: 0, download: PROBE_BYTES }, AbortSignal.any([signal, timeout]))
    if (downloadBytesPerSecond === undefined) return assumed(`${probe} was over before it could be measured`)
    return { bytesPerSecond: downloadBytesPerSecond, told: `over a link that brings ${formatBytes(downloadBytesPerSecond)} a second, by ${probe}` }
  } catch (error) {
    signal.throwIfAborted()
    if (!timeout.aborted) return assumed(`${probe} failed: ${reasonOf(error)}`)
    const bytesPerSecond = 1000 * PROBE_BYTES / PROBE_TIMEOUT_MS
    return { bytesPerSecond, told: `over a link that brings less than ${formatBytes(bytesPerSecond)} a second, as ${probe} took longer than ${PROBE_TIMEOUT_MS / 1000} s` }
  }
}

function assumed (why: string): LinkSpeed {
  return { bytesPerSecond: ASSUMED_BYTES_PER_SECOND, told: `over a link that is taken to bring ${formatBytes(ASSUMED_BYTES_PER_SECOND)} a second, since ${why}` }
}
