import type { PeerEvent } from '../../src/events.ts'
import type { WireError } from '../../protocols/wire/errors.ts'
import type { Rejection } from '../../protocols/wire/rejection.ts'
import { blameFor } from './faults.ts'
import { RejectionLog } from './roster.ts'
import type { Standings } from './standings.ts'

export interface ConductOptions {
  readonly standings: Standings
  readonly tell: (event: PeerEvent) => void
  /** Told of a peer that is banned now. */
  readonly onBanned: (peerId: string, why: Rejection) => void
}

/** What peers were refused for, by us and by them, and what follows from it. */
export class Conduct {
  readonly rejections = new RejectionLog()
  readonly #options: ConductOptions

  constructor (options: ConductOptions) { this.#options = options }

  /** Remembers and tells a refusal. Who is refused too often is banned. */
  reject (peerId: string, by: 'us' | 'them', why: Rejection): void {
    const { standings, tell, onBanned } = this.#options
    const record = this.rejections.add(peerId, by, why, Date.now())
    if (record !== undefined) tell({ type: 'peer-rejected', peerId, code: record.code, sentence: record.sentence, by })
    if (by === 'them' || !standings.blame(peerId, why, Date.now())) return
    const banned = standings.refusal(peerId, Date.now()) ?? why
    this.rejections.add(peerId, 'us', banned, Date.now())
    tell({ type: 'peer-rejected', peerId, code: banned.code, sentence: banned.sentence, by })
    onBanned(peerId, banned)
  }

  /** The same of what went wrong on a stream, where the peer is to blame. */
  rejectFor (peerId: string, error: WireError): void {
    const why = blameFor(error)
    if (why !== undefined) this.reject(peerId, 'us', why)
  }
}
