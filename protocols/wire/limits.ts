/** Every limit of the wire in one place, each with its reason. */

const KIB = 1024
const MIB = 1024 * KIB

/** A control message (hello, goodbye, verdict): 32 known peers with 8 addresses each take about 25 KiB. */
export const MAXIMUM_CONTROL_FRAME_BYTES = 64 * KIB

/** A signed manifest: the schema's longest strings fit many times over. */
export const MAXIMUM_MANIFEST_BYTES = 64 * KIB

/** A manifest's frame: the manifest and the few bytes of CBOR around it. */
export const MAXIMUM_MANIFEST_FRAME_BYTES = MAXIMUM_MANIFEST_BYTES + KIB

/** A frame of the exchange or state protocol: the plan of a full group takes about 4 KiB, payloads travel outside frames. */
export const MAXIMUM_HEADER_FRAME_BYTES = 8 * KIB

/** One write of a payload: larger ones would let bulk data starve other streams of the connection. */
export const PAYLOAD_CHUNK_BYTES = 64 * KIB

/** Bytes waiting in a StreamIO before it stops the sender: four chunks keep a fast link busy. */
export const READ_AHEAD_BYTES = 256 * KIB

/** The same where nothing but short requests comes. */
export const REQUEST_AHEAD_BYTES = 64 * KIB

/** A progress announcement; gossipsub multiplies every byte by the fan-out, and ours take about 100. */
export const MAXIMUM_PROGRESS_BYTES = 512

/** A snapshot of the weights in fp32, whole in memory at both ends: 268 M parameters, twice those of the largest model with a name here. */
export const MAXIMUM_SNAPSHOT_BYTES = 1024 * MIB

/** Snapshots that a member tells of: the newest, and those that somebody is fetching. */
export const MAXIMUM_OFFERS = 8

/** What is signed of a snapshot: two hashes, the run, the layout and a few numbers. */
export const MAXIMUM_OFFER_BYTES = 512

/** Opinions at once: each reads a snapshot from the disk. */
export const MAXIMUM_OPINIONS = 2

/** A question for an opinion, of sixteen parts: nine kilobytes a part of the largest model, one and a half of one of 10 MB. */
export const MAXIMUM_OPINION_FRAME_BYTES = 160 * KIB

/** A part of a file, which is held in memory at both ends: long enough that asking for the next costs nothing. */
export const FILE_PART_BYTES = MIB

/** A file of a run: more than any text, and far from where numbers lose their exactness. */
export const MAXIMUM_FILE_BYTES = 2 ** 40

/** Files given away at once: each takes the upload for as long as its file is large. */
export const MAXIMUM_FILE_UPLOADS = 4

/** What one peer may send over a whole small conversation: two frames of the largest kind and slack. */
export const MAXIMUM_CONVERSATION_BYTES = 4 * MAXIMUM_CONTROL_FRAME_BYTES

/** Peers that a hello passes on: enough to fill a full mesh in one handshake. */
export const MAXIMUM_KNOWN_PEERS = 32

/** Addresses told of one peer: a few interfaces, IPv4 and IPv6. */
export const MAXIMUM_ADDRESSES_PER_PEER = 8

/** The longest multiaddr taken from a message: a DNS name of 255 characters would be the worst honest one. */
export const MAXIMUM_ADDRESS_LENGTH = 300

/** The same in an announcement, which has room for one: a place at a relay takes 150. */
export const MAXIMUM_ANNOUNCED_ADDRESS_LENGTH = 200

/** The longest sentence taken from a message: it is meant for one log line. */
export const MAXIMUM_SENTENCE_LENGTH = 400

/** Messages waiting in one exchange: a round has five a side and the parts that one may pass on; more means that nobody reads. */
export const MAXIMUM_QUEUED_MESSAGES = 16

/** Messages of one exchange: a whole round's at once, and a few a second from then on. */
export const EXCHANGE_MESSAGE_RATE = { burst: 256, perSecond: 16 } as const

/** Exchanges that one peer may have open here: one a fragment in flight, with room for a retry. */
export const MAXIMUM_EXCHANGES_PER_PEER = 4

/** Hellos that one peer may say at once: both sides greet, and greet again when there are newcomers. */
export const MAXIMUM_HELLOS_PER_PEER = 4

/** Snapshots served at once: each takes the upload of one peer for minutes. */
export const MAXIMUM_SNAPSHOT_UPLOADS = 2

/** A small conversation takes a few round trips; 20 s covers a slow link, and a machine busy with many handshakes. */
export const CONVERSATION_TIMEOUT_MS = 20_000

/** No byte either way inside a frame or payload for this long means that the partner is gone. */
export const IDLE_TIMEOUT_MS = 30_000

/** Between two messages a partner may be training: longer than the longest grace a manifest allows (10 min). */
export const SILENCE_TIMEOUT_MS = 660_000

/** How long a closed exchange may take to flush its last messages before the stream is reset. */
export const CLOSE_LINGER_MS = 20_000

/** Rounds and steps on the wire: a round a second for 68 years, and far from where numbers lose their exactness. */
export const MAXIMUM_COUNT = 2 ** 31 - 1

/** The year 3000: a clock that is further ahead tells nothing. */
export const MAXIMUM_TIME_MS = 32_503_680_000_000

/** Members of one group: each exchanges with each, 2,016 streams in all. */
export const MAXIMUM_GROUP_MEMBERS = 64

/** Upload is shared out in whole numbers up to this: finer than any measurement of it. */
export const MAXIMUM_SHARE = 1000

/** A peer id as text: those of every key type have up to 64 characters. */
export const MAXIMUM_PEER_ID_LENGTH = 64

/** How far ahead a peer may expect its next boundary: 100,000 steps of ten seconds. */
export const MAXIMUM_DUE_MS = 1e9

/** An uplink that nobody has: a terabyte a second. */
export const MAXIMUM_UPLOAD_BYTES_PER_SECOND = 1e12

/** Partners of a round that an announcement names: 80 bytes; of a larger group these show enough. */
export const MAXIMUM_MET_PEERS = 8

/** Entries of a ledger in one message: with the longest window a manifest allows they fill a frame. */
export const MAXIMUM_ENTRIES = 64

/** Ranges of keys asked about in one message, ranges told in full, heads of each, and chains asked for: together less than a frame. */
export const MAXIMUM_INQUIRED_RANGES = 128
export const MAXIMUM_TOLD_RANGES = 48
export const MAXIMUM_TOLD_HEADS = 8
export const MAXIMUM_WANTED = 128

/** Seeds of a pool whose sums travel in one message: 32 KiB, half a frame. */
export const MAXIMUM_POOL_SIZE = 8192
/** Chains of a snapshot in one message, 76 bytes each: less than a frame. */
export const MAXIMUM_SNAPSHOT_HEADS = 512

/** Messages of the scalars protocol that wait for one peer: a reconciliation's worth; whoever takes none is reconciled with later. */
export const MAXIMUM_QUEUED_SCALARS = 256

/**
 * Messages of the scalars protocol heard from one peer: a pack of a step each from a peer that takes hundreds a second, and a ledger of a million entries in half a minute. Whoever
 * sends more is read no faster, and what its queue drops is reconciled later.
 */
export const SCALAR_MESSAGE_RATE = { burst: 1024, perSecond: 512 } as const

/** Bytes of a probe each way: 4 s of a 1 Mbit/s link, and enough to leave the sockets' buffers behind. */
export const MAXIMUM_PROBE_BYTES = 512 * KIB

/** Addresses that one check dials back: a few interfaces. */
export const MAXIMUM_CHECKED_ADDRESSES = 8

/** A member may ask for a check this often: each costs the other side's link. */
export const CHECK_EVERY_MS = 10_000

/** Members whose last check is remembered: more than there are places for. */
export const MAXIMUM_MEMBERS_CHECKED = 256
