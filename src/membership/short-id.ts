const SHOWN_LETTERS = 4

/** A peer id as people read it, `12D3…f7Xq`: every libp2p id of our key type starts alike, so both ends are shown. */
export function shortId (peerId: string): string {
  return peerId.length <= 2 * SHOWN_LETTERS + 1 ? peerId : `${peerId.slice(0, SHOWN_LETTERS)}…${peerId.slice(-SHOWN_LETTERS)}`
}

/** Enough of an id's random end to tell members of one run apart (58^8), few enough to be told with every round. */
const TAIL_LETTERS = 8

/** The end of a peer id, for messages in which every byte counts. */
export function idTail (peerId: string): string {
  return peerId.slice(-TAIL_LETTERS)
}
