import type { RoundRecord } from './ports.ts'

/** Bytes by kind (design.md, decision 5), counted since the start of the peer process. */
export interface ByteTotals {
  /** What the method asked to send, once per receiver. */
  readonly payloadSent: number
  readonly payloadReceived: number
  /** What left the socket for the training protocols, framing, noise and yamux included. */
  readonly wireSent: number
  readonly wireReceived: number
  /** Everything else on the socket: discovery, membership, gossip, handshakes. */
  readonly controlSent: number
  readonly controlReceived: number
}

/** What one peer did, in the end. */
export interface PeerReport {
  readonly peerId: string
  readonly steps: number
  readonly tokens: number
  readonly rounds: number
  readonly averagedRounds: number
  readonly parameters: number
  /** Held-out nats per token before the first step, NaN where that was taken elsewhere or in an earlier life, and after the last. */
  readonly startLoss: number
  readonly evalLoss: number
  readonly bytes: ByteTotals
  readonly secondsTraining: number
  readonly secondsTotal: number
  /** How late the daemon's event loop ran, 99th percentile, while the trainer computed. */
  readonly eventLoopDelayP99Ms: number
  readonly checkpoint: string
}

/** Everything that a peer tells: the NDJSON lines of `shoal join --json`, of the API's event stream and of the event log. */
export type PeerEvent =
  | { readonly type: 'started', readonly peerId: string, readonly runId: string, readonly runName: string, readonly addresses: readonly string[], readonly invite: string, readonly backend: string, readonly parameters: number, readonly step: number, readonly resumed: boolean }
  /** Something that a browser or a program may ask over TCP. */
  | { readonly type: 'serving', readonly what: 'page' | 'metrics', readonly url: string, readonly needsToken: boolean }
  | { readonly type: 'waiting', readonly sentence: string }
  /** A joiner fetches a replica: bytes that are here, those of the members that give them now, and how long the rest will take. */
  | { readonly type: 'joining', readonly round: number, readonly receivedBytes: number, readonly totalBytes: number, readonly sources: readonly string[], readonly etaSeconds: number | null, readonly sentence: string }
  | { readonly type: 'evaluated', readonly moment: 'start' | 'round' | 'end', readonly step: number, readonly tokens: number, readonly loss: number, readonly payloadBytesSent: number }
  | { readonly type: 'progress', readonly step: number, readonly tokens: number, readonly loss: number, readonly tokensPerSecond: number, readonly passes?: number, readonly bytes: ByteTotals }
  | { readonly type: 'round', readonly record: RoundRecord, readonly bytes: ByteTotals }
  | { readonly type: 'peer-joined', readonly peerId: string, readonly addresses: readonly string[] }
  | { readonly type: 'peer-left', readonly peerId: string, readonly reason: string }
  | { readonly type: 'peer-rejected', readonly peerId: string, readonly code: string, readonly sentence: string, readonly by: 'us' | 'them' }
  | { readonly type: 'checkpoint', readonly step: number, readonly path: string }
  /** One average of everyone who is there: held-out nats per token of this peer's own weights and of the merged ones. */
  | { readonly type: 'merged', readonly step: number, readonly members: readonly string[], readonly spread: number, readonly lossBefore: number, readonly lossAfter: number, readonly path: string }
  /** How this peer finds others, and others come to it. */
  | { readonly type: 'network', readonly what: 'found' | 'reachable' | 'relayed' | 'punched' | 'islands', readonly sentence: string }
  | { readonly type: 'warning', readonly sentence: string }
  | { readonly type: 'finished', readonly reason: 'budget' | 'stopped', readonly report: PeerReport }

/** An event with its place and time in the peer's log. */
export type StampedEvent = PeerEvent & { readonly sequence: number, readonly atMs: number }
