const SHOWN_LETTERS = 4

/** A peer id as people read it, `12D3…f7Xq`: every libp2p id of our key type starts alike, so both ends are shown. */
export function shortId (peerId: string): string {
  return peerId.length <= 2 * SHOWN_LETTERS + 1 ? peerId : `${peerId.slice(0, SHOWN_LETTERS)}…${peerId.slice(-SHOWN_LETTERS)}`
}
