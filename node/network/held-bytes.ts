import { FILE_PART_BYTES, MAXIMUM_CONVERSATION_BYTES, MAXIMUM_EXCHANGES_PER_PEER, MAXIMUM_HELLOS_PER_PEER, PAYLOAD_CHUNK_BYTES, READ_AHEAD_BYTES, REQUEST_AHEAD_BYTES } from '../../protocols/wire/limits.ts'
import { CONNECTIONS_PER_PEER, FIRST_WINDOW_BYTES, INBOUND_STREAMS, SCALAR_STREAMS, SNAPSHOT_STREAMS, STREAM_WINDOW_BYTES } from './constants.ts'
import { MAXIMUM_GOSSIP_BYTES } from './gossip.ts'

/** What a StreamIO may hold of a stream beside the muxer's window. */
const AHEAD_BYTES = READ_AHEAD_BYTES + PAYLOAD_CHUNK_BYTES

/** The same where requests come: a quarter of a chunk is what is around them. */
const REQUESTED_BYTES = REQUEST_AHEAD_BYTES + PAYLOAD_CHUNK_BYTES / 4

/** Parts that are on their way to it: one of a file, one of a snapshot. */
const SERVED_BYTES = 2 * FILE_PART_BYTES

/** Streams whose readers take so much that the muxer opens their window wide. A conversation ends long before that. */
const WIDE_STREAMS = MAXIMUM_EXCHANGES_PER_PEER + 1 + SCALAR_STREAMS

/**
 * The most that one peer makes this one hold, whatever it sends, beside the one fragment that is being received or averaged: every stream of every connection
 * that it may have, with all that the muxer and the reader take before they stop it. Two mebibytes of it are what small conversations may hold on to.
 */
export function mostHeldBytes (): number {
  const wide = WIDE_STREAMS * (STREAM_WINDOW_BYTES + AHEAD_BYTES)
  const narrow = (INBOUND_STREAMS - WIDE_STREAMS) * (FIRST_WINDOW_BYTES + REQUESTED_BYTES)
  const fetched = SNAPSHOT_STREAMS * (STREAM_WINDOW_BYTES + AHEAD_BYTES)
  return CONNECTIONS_PER_PEER * (wide + narrow + MAXIMUM_GOSSIP_BYTES) + fetched + SERVED_BYTES + MAXIMUM_HELLOS_PER_PEER * MAXIMUM_CONVERSATION_BYTES
}
