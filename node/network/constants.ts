/** Choices of one node about its connections, each with its reason. Limits of the wire are in protocols/wire/limits.ts. */

/** Peers that this node dials on its own: a full mesh up to here, and enough neighbours beyond. */
export const DIALLED_MEMBERS = 32

/** Members that a peer keeps where views turn: the neighbours of two epochs, of 32 to 90 members each, many of them the same where there are most. */
export const KEPT_MEMBERS = 128

/** Members above which strangers hear BUSY: those, and whoever dials between two looks at who is to leave. */
export const MAXIMUM_MEMBERS = 144

/** Connections in all, for members, twice-dialled ones and passers-by who only ask for the manifest. */
export const MAXIMUM_CONNECTIONS = 192

/** Members that such a peer dials whoever they are: enough to hear of the others by, whom it then chooses from. */
export const COMPANY = 4

/** How often a peer looks whether its neighbourhood has turned; an epoch takes eight rounds. */
export const TURNING_CHECK_MS = 5_000

/** Neighbours dialled for it: thirty a minute, as many again dial this peer. An epoch of two minutes brings fifty new ones; where rounds are shorter, fewer of a view are here. */
export const TURNING_RATE = { burst: 16, perSecond: 0.5 } as const

/** A neighbour with a smaller id has dialled by then, if it can. */
export const TURNING_YIELD_MS = 10_000

/** Who did not answer, or had no room, is asked again after this. */
export const TURNING_AGAIN_MS = 60_000

/** Of a neighbourhood of matching, so much must have been met in hellos before those count of whom members only tell: 48 peers, so that nobody makes a small swarm look large by inventing peers. */
export const MET_OF_NEIGHBOURHOOD = 0.75

/** Peers never heard of before that one member may tell of: whoever comes to a large swarm hears most of it within minutes, and whoever invents peers fills no directory. */
export const NEWCOMER_RATE = { burst: 32, perSecond: 0.1 } as const

/** An exchange that is under way when a neighbour is taken leave of is looked after this often until it ends. */
export const LEAVING_CHECK_MS = 1_000

/** And no longer than this: nothing was under way when leave was taken, and what began within the goodbye is found elsewhere. */
export const LEAVING_LIMIT_MS = 300_000

/** A receive window per stream: 8 Mbit at 100 ms, and small enough that bulk does not starve control on 1 Mbit/s. */
export const STREAM_WINDOW_BYTES = 1024 * 1024

/** What yamux lets a peer send on a stream before anybody reads; it opens the window further only as that is taken. */
export const FIRST_WINDOW_BYTES = 256 * 1024

/** Streams that a peer may have open on one connection, all protocols together: an honest one has a handful, and each may hold a window. */
export const INBOUND_STREAMS = 32

/** Connections of one peer: both may have dialled at once, and one by a relay may be about to become direct. */
export const CONNECTIONS_PER_PEER = 3

/** The same where one of them is over QUIC, which holds more: what was sent and not acknowledged waits in this process, not in the system's buffers. */
export const CONNECTIONS_PER_QUIC_PEER = 2

/** Streams that one peer may open: a whole round of the largest group at once, and far more than any protocol asks for from then on. */
export const STREAM_RATE = { burst: 128, perSecond: 16 } as const

/** Announcements of one peer: two a second are the pace, and gossip may deliver a few at once. */
export const ANNOUNCEMENT_RATE = { burst: 24, perSecond: 4 } as const

/** Announcements that one neighbour passes on: those of a swarm of a hundred. */
export const GOSSIP_RATE = { burst: 600, perSecond: 400 } as const

/** Announcers remembered for that. */
export const REMEMBERED_ANNOUNCERS = 1_024

/** yamux keeps growing the window of a paused stream; below twice the window it would be reset (libp2p.md, trap 4). */
export const STREAM_READ_BUFFER_BYTES = 4 * STREAM_WINDOW_BYTES

/** One yamux ping of 12 bytes: 13 B/s a connection, and the proof that a silent peer is alive. */
export const KEEPALIVE_MS = 30_000

/** Three keepalives without one byte back: the peer is frozen or its network gone. */
export const SILENCE_LIMIT_MS = 95_000

/** Routers forget who is behind them after half a minute without a packet, where TCP has hours: a packet of 30 bytes keeps them from it. */
export const QUIC_KEEPALIVE_MS = 15_000

/** QUIC gives up by itself on whoever stopped in the middle of a handshake; an open connection is ended before that, with a sentence. */
export const QUIC_IDLE_LIMIT_MS = 105_000

/** A receive window per stream of QUIC: 40 Mbit/s at 100 ms. */
export const QUIC_STREAM_BYTES = 512 * 1024

/** The window of all streams of a QUIC connection together: those that wait for their turn at once, with payloads, must not fill it. */
export const QUIC_CONNECTION_BYTES = 4 * 1024 * 1024

/** What one read takes from it, and about what a stream holds that nobody listens to. */
export const QUIC_READ_BYTES = 16 * 1024

/** What QUIC asks of the system for packets on their way in and out: a burst of a window, while the processor is elsewhere. */
export const QUIC_SOCKET_BYTES = 512 * 1024

/** Handshakes under way at once, as many as over TCP. */
export const QUIC_HANDSHAKES = 128

/**
 * How long a place for a handshake waits after one that failed, twice as long each time that all of them failed in a row: a broken port fails at once, every time, and would keep
 * this thread. No longer than the most, for whoever comes amid strangers' garbage waits as long.
 */
export const QUIC_FAILURE_PAUSE_MS = { least: 10, most: 1_000 } as const

/** Handshakes that failed in a row before the user is told: eight in each place, by when each waits the most. */
export const QUIC_FAILURES_TOLD = 8 * QUIC_HANDSHAKES

/** What was written last before a connection is closed has two round trips to arrive, and this on top; an exit waits no longer than the most. */
export const QUIC_LINGER_MS = { least: 20, most: 500 } as const

/** The packet that ends a connection has left by then. */
export const QUIC_FAREWELL_MS = 1_000

/** How often silence is looked for. */
export const SILENCE_CHECK_MS = 5_000

/**
 * Whoever stood still, or whose network did, finds at once what the others told meanwhile, until they gave up on its silence: what comes too fast is dropped, and to blame is only
 * who told more than that.
 */
export const PILED_UP_MS = SILENCE_LIMIT_MS + SILENCE_CHECK_MS

/** A stranger that connected and has not said hello by then is disconnected. */
export const GREETING_LIMIT_MS = 20_000

/** One dial and its handshake: seconds of curve arithmetic when a busy machine starts a whole swarm at once. */
export const DIAL_TIMEOUT_MS = 20_000

/** Opening a stream takes up to two round trips, at both ends of which there may be a busy machine. */
export const OPEN_STREAM_TIMEOUT_MS = 20_000

/** Dials under way at once; more would only delay each other on a slow uplink or processor. */
export const PARALLEL_DIALS = 4

/** Dials under way at once, those of the table and of libp2p's services among them. */
export const PARALLEL_DIALS_IN_ALL = 16

/** Addresses dialled in all, whatever comes of it: a swarm of a hundred at several each, and then two a second, which is what a table of thousands takes to walk. */
export const DIAL_RATE = { burst: 512, perSecond: 2 } as const

/**
 * Dials of one host on the internet at which nobody of us answered. Anybody can tell anybody addresses, of somebody else's machine too: a thousand peers that are told so must not
 * become a flood there. The burst is a laboratory behind one address that went down together; twelve a minute find it again.
 */
export const FAILED_DIAL_RATE = { burst: 64, perSecond: 1 / 5 } as const

/** Hosts remembered for that. */
export const REMEMBERED_HOSTS = 1_024

/** Peers that one member may tell of before any of them has been met, twice a whole hello: it must not push out whom others tell of. */
export const UNMET_PER_TELLER = 64

/** Members hear of newcomers this long after, many at once: most have met by then and need no introduction. */
export const INTRODUCTION_DELAY_MS = 750

/** Peers of which a member is remembered to know, the newest: what it was told of a large swarm in its last hours. */
export const REMEMBERED_NEWS = 512

/** Announcements are coalesced to this pace: gossip multiplies each by the fan-out. */
export const ANNOUNCE_INTERVAL_MS = 500

/** gossipsub drops what is published between a peer's subscription and the opening of the stream towards it. */
export const LISTENER_SETTLING_MS = 2_000

/** Saying goodbye may not hold up an exit for longer. */
export const GOODBYE_LIMIT_MS = 3_000

/** After this, stopping returns even if a socket hangs. */
export const STOP_LIMIT_MS = 5_000

/** Rejections remembered for `peers` and `status`. */
export const REMEMBERED_REJECTIONS = 64

/** The same peer refused for the same reason is told of once in this time. */
export const REJECTION_REPEAT_MS = 60_000

/** Peers whose conduct is remembered: as many as may be dialled. */
export const REMEMBERED_STANDINGS = 1_024

/** Streams of scalars from one member: the one that is open, and one to take its place when it broke. */
export const SCALAR_STREAMS = 2

/** Streams of snapshots from one member: a transfer, one that takes its place when it broke, and questions beside them. */
export const SNAPSHOT_STREAMS = 4
