import type { Traffic } from '../../protocols/wire/byte-meter.ts'
import type { Status } from '../api/schema.ts'
import type { ConnectedPeer } from '../network/swarm-network.ts'
import type { Tally } from './tally.ts'

/** What metrics are read from, at the moment they are asked for. */
export interface Figures {
  readonly software: string
  readonly status: Omit<Status, 'version'>
  readonly peers: readonly ConnectedPeer[]
  readonly protocols: ReadonlyMap<string, Traffic>
  readonly tally: Tally
  readonly memory: NodeJS.MemoryUsage
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export interface MetricDefinition {
  readonly name: `shoal_${string}`
  readonly kind: 'gauge' | 'counter'
  readonly help: string
  readonly labels: readonly string[]
  /** Values that are not known are left out. */
  readonly read: (figures: Figures) => readonly Sample[]
}

/** Labels must stay few: members beyond these are in the counts alone. */
const MAXIMUM_PEER_LABELS = 32
const MILLISECONDS_PER_SECOND = 1000

type Value = number | null | undefined

function known (value: Value, labels?: Readonly<Record<string, string>>): Sample[] {
  return value === null || value === undefined || !Number.isFinite(value) ? [] : [{ value, ...labels === undefined ? {} : { labels } }]
}

function one (name: MetricDefinition['name'], kind: MetricDefinition['kind'], help: string, read: (figures: Figures) => Value): MetricDefinition {
  return { name, kind, help, labels: [], read: figures => known(read(figures)) }
}

function many (name: MetricDefinition['name'], kind: MetricDefinition['kind'], help: string, labels: readonly string[], read: (figures: Figures) => readonly Sample[]): MetricDefinition {
  return { name, kind, help, labels, read }
}

const training: readonly MetricDefinition[] = [
  many('shoal_peer_info', 'gauge', 'Always 1; who this peer is, in labels.', ['peer', 'run', 'backend', 'software'], ({ status, software }) =>
    [{ value: 1, labels: { peer: status.peerId, run: status.run.name, backend: status.backend, software } }]),
  many('shoal_phase', 'gauge', 'Always 1; what the peer does now, as a label.', ['phase'], ({ status }) => [{ value: 1, labels: { phase: status.phase } }]),
  one('shoal_uptime_seconds', 'gauge', 'Time since the peer process started.', ({ status }) => status.uptimeSeconds),
  one('shoal_training_steps_total', 'counter', 'Inner steps taken by this replica.', ({ status }) => status.step),
  one('shoal_training_budget_steps', 'gauge', 'Inner steps that the run asks for; 0 for no end.', ({ status }) => status.budgetSteps),
  one('shoal_training_tokens_total', 'counter', 'Tokens that this replica was trained on.', ({ tally }) => tally.tokens),
  one('shoal_training_tokens_per_second', 'gauge', 'Speed of training while it runs.', ({ status }) => status.tokensPerSecond),
  one('shoal_training_loss_nats', 'gauge', 'Training loss of the last steps, in nats a token.', ({ status }) => status.loss),
  one('shoal_held_out_loss_nats', 'gauge', 'Loss on held-out data at the last measurement, in nats a token.', ({ tally }) => tally.heldOutLoss),
  one('shoal_checkpoints_total', 'counter', 'Checkpoints written.', ({ tally }) => tally.checkpoints),
  one('shoal_merges_total', 'counter', 'Merged models made.', ({ tally }) => tally.merges)
]

const rounds: readonly MetricDefinition[] = [
  many('shoal_rounds_total', 'counter', 'Averaging rounds since the process started, by outcome: averaged with others, or solo.', ['outcome'], ({ tally }) =>
    (['averaged', 'solo'] as const).map(outcome => ({ value: tally.rounds[outcome], labels: { outcome } }))),
  one('shoal_round', 'gauge', 'Number of the last averaging round.', ({ status }) => status.round),
  one('shoal_round_members', 'gauge', 'Members whose contribution entered the last mean, this peer included.', ({ tally }) => tally.lastRound?.members.length),
  one('shoal_consensus_distance', 'gauge', 'Root mean square difference of weights to those averaged with in the last round.', ({ tally }) => tally.lastRound?.spread),
  one('shoal_codec_relative_error', 'gauge', 'Norm of what the codec lost over the norm of what was sent, last round.', ({ tally }) => tally.lastEncoded?.codecError),
  one('shoal_codec_bits_per_value', 'gauge', 'Bits sent for each value, last round.', ({ tally }) => tally.lastEncoded?.bitsPerValue)
]

const traffic: readonly MetricDefinition[] = [
  many('shoal_bytes_total', 'counter', 'Bytes by kind: payload is what the method asked to send, wire what left the socket for training, control the rest of the socket.', ['kind', 'direction'], ({ status: { bytes } }) => [
    { value: bytes.payloadSent, labels: { kind: 'payload', direction: 'sent' } },
    { value: bytes.payloadReceived, labels: { kind: 'payload', direction: 'received' } },
    { value: bytes.wireSent, labels: { kind: 'wire', direction: 'sent' } },
    { value: bytes.wireReceived, labels: { kind: 'wire', direction: 'received' } },
    { value: bytes.controlSent, labels: { kind: 'control', direction: 'sent' } },
    { value: bytes.controlReceived, labels: { kind: 'control', direction: 'received' } }
  ]),
  many('shoal_protocol_bytes_total', 'counter', 'Stream bytes by protocol, without noise and framing of the connection.', ['protocol', 'direction'], ({ protocols }) =>
    [...protocols].flatMap(([protocol, { sent, received }]) => [
      { value: sent, labels: { protocol, direction: 'sent' } }, { value: received, labels: { protocol, direction: 'received' } }
    ])),
  one('shoal_all_reduce_bytes', 'gauge', 'What this peer would have sent with a float32 all-reduce every step.', ({ status }) => status.allReduceBytes)
]

const swarm: readonly MetricDefinition[] = [
  many('shoal_peers', 'gauge', 'Other members of the run that are here, by what they do.', ['state'], ({ status: { peers } }) => [
    { value: peers.training, labels: { state: 'training' } }, { value: peers.present - peers.training, labels: { state: 'done' } }
  ]),
  one('shoal_peers_joined_total', 'counter', 'Members that came.', ({ tally }) => tally.joined),
  one('shoal_peers_left_total', 'counter', 'Members that went.', ({ tally }) => tally.left),
  many('shoal_refusals_total', 'counter', 'Refusals in handshakes and on streams, by code and by whom.', ['code', 'by'], ({ tally }) =>
    tally.refusals().map(({ code, by, count }) => ({ value: count, labels: { code, by } }))),
  many('shoal_member_loss_nats', 'gauge', 'Training loss that other members tell of their last round, in nats a token.', ['peer'], ({ peers }) =>
    peers.slice(0, MAXIMUM_PEER_LABELS).flatMap(({ peerId, loss }) => known(loss, { peer: peerId })))
]

const machine: readonly MetricDefinition[] = [
  one('shoal_event_loop_delay_seconds', 'gauge', 'How late the event loop ran its timers, 99th percentile since the start.', ({ status }) => status.eventLoopDelayP99Ms / MILLISECONDS_PER_SECOND),
  many('shoal_memory_bytes', 'gauge', 'Memory of the peer process.', ['kind'], ({ memory }) => [
    { value: memory.rss, labels: { kind: 'resident' } }, { value: memory.heapUsed, labels: { kind: 'heap' } },
    { value: memory.external, labels: { kind: 'external' } }, { value: memory.arrayBuffers, labels: { kind: 'array_buffers' } }
  ]),
  one('shoal_warnings_total', 'counter', 'Warnings told.', ({ tally }) => tally.warnings)
]

/** Every metric of a peer that is a single number when it is asked for. Durations are observed as they pass, in `peer-metrics.ts`. */
export const METRICS: readonly MetricDefinition[] = [...training, ...rounds, ...traffic, ...swarm, ...machine]
