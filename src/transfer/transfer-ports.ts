import type { Clock, Peers } from '../ports.ts'

/** What a member says and signs of a snapshot that it holds. */
export interface SnapshotOffer {
  /** The member that signed it, whose own replica this is. */
  readonly signer: string
  readonly round: number
  readonly step: number
  readonly tokens: number
  /** Of each vector, and how many: weights, and momentum where the method has any. */
  readonly values: number
  readonly vectors: number
  /** SHA-256 (hex) of the vectors in fp32, little-endian. */
  readonly data: string
  /** SHA-256 (hex) of the list of its chunks' SHA-256. Members with the same list hold the same snapshot: mirrors. */
  readonly list: string
}

/** What a joiner has of one vector, in chunks of one origin, for others to compare with their own. */
export interface AttestedPart {
  readonly vector: number
  /** A bit a chunk of the vector, the lowest first. */
  readonly chunks: Uint8Array
  /** Of these chunks, under the question's seed. */
  readonly sketch: Float32Array
}

export interface AttestQuestion {
  readonly round: number
  readonly seed: number
  readonly parts: readonly AttestedPart[]
}

/** One part as another member sees it. */
export interface AttestAnswer {
  /** Root mean square difference to its own replica of that round. */
  readonly distance: number
  /** What that is between replicas of this run; null where it knows of none. */
  readonly expected: number | null
}

/** Parts of files from one member, several on their way at once, in the order in which they were asked for. */
export interface PartStream {
  /** @param file SHA-256 (hex) of the whole; rejects once the stream is over */
  ask (file: string, fileBytes: number, offset: number, length: number): Promise<Uint8Array>
  close (): void
}

/** Members that hold snapshots. */
export interface SnapshotPeers extends Pick<Peers, 'self' | 'present' | 'onChange'> {
  /** Snapshots that a member holds, checked against its key; it keeps the one of round `hold` for a while. */
  offers (peerId: string, hold: number | undefined, signal: AbortSignal): Promise<readonly SnapshotOffer[]>
  open (peerId: string, signal: AbortSignal): Promise<PartStream>
  /** One answer a part; rejects when the member cannot tell. */
  attest (peerId: string, question: AttestQuestion, signal: AbortSignal): Promise<readonly AttestAnswer[]>
  /** The member gave what cannot be believed. @param isProven whether what it sent shows that alone, whatever anybody's weights are */
  refuse (peerId: string, why: string, isProven: boolean): void
}

/** What an earlier life of this peer fetched and did not finish. */
export interface StoredParts {
  readonly round: number
  /** Hash lists of the origins that it fetched from. */
  readonly lists: readonly Uint8Array[]
  /** All vectors; what was not fetched is anything. */
  readonly data: Uint8Array
}

/** Where a transfer is kept, so that it goes on where it stopped. */
export interface PartStore {
  load (bytes: number): Promise<StoredParts | undefined>
  /** Forgets what is there, and makes room for another snapshot. */
  begin (round: number, bytes: number): Promise<void>
  keepList (list: Uint8Array): Promise<void>
  write (offset: number, bytes: Uint8Array): Promise<void>
  clear (): Promise<void>
}

export interface TransferSurroundings {
  readonly clock: Clock
  readonly peers: SnapshotPeers
  readonly store: PartStore
  /** SHA-256 in hex. */
  readonly hash: (bytes: Uint8Array) => string
  /** A natural below 2³² that nobody can foresee. */
  readonly drawSeed: () => number
  readonly say: (sentence: string) => void
  readonly signal: AbortSignal
}
