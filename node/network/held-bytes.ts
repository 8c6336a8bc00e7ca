import { FILE_PART_BYTES, MAXIMUM_CONVERSATION_BYTES, MAXIMUM_EXCHANGES_PER_PEER, MAXIMUM_HELLOS_PER_PEER, PAYLOAD_CHUNK_BYTES, READ_AHEAD_BYTES, REQUEST_AHEAD_BYTES } from '../../protocols/wire/limits.ts'
import { CONNECTIONS_PER_PEER, CONNECTIONS_PER_QUIC_PEER, FIRST_WINDOW_BYTES, INBOUND_STREAMS, QUIC_CONNECTION_BYTES, QUIC_READ_BYTES, SCALAR_STREAMS, SNAPSHOT_STREAMS, STREAM_WINDOW_BYTES } from './constants.ts'
import { MAXIMUM_GOSSIP_BYTES } from './gossip.ts'

/** What a StreamIO may hold of a stream beside the muxer's window. */
const AHEAD_BYTES = READ_AHEAD_BYTES + PAYLOAD_CHUNK_BYTES

/** The same where requests come: a quarter of a chunk is what is around them. */
const REQUESTED_BYTES = REQUEST_AHEAD_BYTES + PAYLOAD_CHUNK_BYTES / 4

/** Parts that are on their way to it: one of a file, one of a snapshot. */
const SERVED_BYTES = 2 * FILE_PART_BYTES

/** Streams whose readers take so much that the muxer opens their window wide. A conversation ends long before that. */
const WIDE_STREAMS = MAXIMUM_EXCHANGES_PER_PEER + 1 + SCALAR_STREAMS

/** What quinn keeps of what it sent until that is acknowledged, on all streams of a connection; libp2p-quic 2.1.1 leaves it as it is. */
const QUIC_SEND_WINDOW_BYTES = 10_000_000

/** quinn keeps whole packets for the pieces in them: up to one and a half times what is unread besides, and this much of every stream before it cares (quinn-proto 0.11.14, assembler.rs). */
const QUIC_SLACK = { share: 1.5, perStreamBytes: 32 * 1024 } as const

/**
 * The most that one peer makes this one hold, whatever it sends, beside the one fragment that is being received or averaged: every stream of every connection
 * that it may have, with all that the muxer and the reader take before they stop it. Two mebibytes of it are what small conversations may hold on to.
 */
export function mostHeldBytes (): number {
  const fetched = SNAPSHOT_STREAMS * (STREAM_WINDOW_BYTES + AHEAD_BYTES)
  return Math.max(CONNECTIONS_PER_PEER * overYamux(), overQuic() + overYamux(), CONNECTIONS_PER_QUIC_PEER * overQuic()) + fetched + SERVED_BYTES + MAXIMUM_HELLOS_PER_PEER * MAXIMUM_CONVERSATION_BYTES
}

/** On one connection over TCP or WebSockets, where every stream has a window of its own. */
function overYamux (): number {
  const wide = WIDE_STREAMS * (STREAM_WINDOW_BYTES + AHEAD_BYTES)
  const narrow = (INBOUND_STREAMS - WIDE_STREAMS) * (FIRST_WINDOW_BYTES + REQUESTED_BYTES)
  return wide + narrow + MAXIMUM_GOSSIP_BYTES
}

/** On one over QUIC, whose streams share one. */
function overQuic (): number {
  const readers = WIDE_STREAMS * AHEAD_BYTES + (INBOUND_STREAMS - WIDE_STREAMS) * REQUESTED_BYTES + INBOUND_STREAMS * 2 * QUIC_READ_BYTES
  const windows = (1 + QUIC_SLACK.share) * QUIC_CONNECTION_BYTES + INBOUND_STREAMS * QUIC_SLACK.perStreamBytes
  return readers + windows + QUIC_SEND_WINDOW_BYTES + MAXIMUM_GOSSIP_BYTES
}
