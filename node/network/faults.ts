import type { WireError } from '../../protocols/wire/errors.ts'
import { EXCHANGE_MESSAGE_RATE, MAXIMUM_SNAPSHOT_BYTES } from '../../protocols/wire/limits.ts'
import { rejection, type Rejection } from '../../protocols/wire/rejection.ts'

/** Slow weights and momentum in fp32. */
const REFERENCE_BYTES_PER_VALUE = 8
/** What their shapes and checksums take, generously. */
const REFERENCE_HEADER_BYTES = 1024

/** What a failed stream says about the peer at its other end; undefined where nobody is to blame. */
export function blameFor ({ fault, message }: WireError): Rejection | undefined {
  if (fault === 'malformed' || fault === 'too-long') return rejection('BAD_MESSAGE', { detail: message })
  return fault === 'flood' ? rejection('TOO_MANY_REQUESTS', { what: `messages a second (${message})`, limit: EXCHANGE_MESSAGE_RATE.perSecond }) : undefined
}

/** The longest mean or reference that a peer takes: its values may be whole. */
export function mostReferenceBytes (maximumPayloadBytes: number, parameters: number | undefined): number {
  return Math.max(maximumPayloadBytes, parameters === undefined ? MAXIMUM_SNAPSHOT_BYTES : REFERENCE_BYTES_PER_VALUE * parameters + REFERENCE_HEADER_BYTES)
}
