/**
 * The versions of all protocols together that this software speaks, negotiated in the hello; an id's last part changes only with its framing.
 *
 * 1: the first. 2: hellos may show a pass and pass revocations on, hellos and announcements say when they were made.
 */
export const PROTOCOL_VERSIONS = { minimum: 1, maximum: 2 } as const

export const HELLO_PROTOCOL = '/shoal/hello/1'
export const GOODBYE_PROTOCOL = '/shoal/goodbye/1'
export const MANIFEST_PROTOCOL = '/shoal/manifest/1'
export const EXCHANGE_PROTOCOL = '/shoal/exchange/1'
export const STATE_PROTOCOL = '/shoal/state/1'
export const SNAPSHOTS_PROTOCOL = '/shoal/snapshots/1'
export const CHUNKS_PROTOCOL = '/shoal/chunks/1'
export const FILES_PROTOCOL = '/shoal/files/1'
export const SCALARS_PROTOCOL = '/shoal/scalars/1'
export const CHECK_PROTOCOL = '/shoal/check/1'

/** `training` bytes are what the method costs; `control` bytes are what being a swarm costs (design.md, decision 5). */
export type TrafficKind = 'training' | 'control'

const TRAINING: ReadonlySet<string> = new Set([EXCHANGE_PROTOCOL, STATE_PROTOCOL, SNAPSHOTS_PROTOCOL, CHUNKS_PROTOCOL, SCALARS_PROTOCOL])

export function trafficKind (protocol: string): TrafficKind {
  return TRAINING.has(protocol) ? 'training' : 'control'
}
