import type { Hello, Verdict } from '../../protocols/hello/messages.ts'
import { rejection, type Rejection } from '../../protocols/wire/rejection.ts'
import { Admission } from '../../src/membership/admission.ts'
import type { Revocation } from '../../src/membership/revocation.ts'
import { Standings } from './standings.ts'

export interface DoorOptions {
  readonly admission: Admission
  readonly standings: Standings
  /** What this peer shows where a run admits by pass. */
  readonly pass?: Uint8Array | undefined
  /** Told of each list of revocations that is new here, to be kept. */
  readonly onRevocation?: ((revocation: Revocation) => void) | undefined
}

const MS_PER_SECOND = 1000

/** A run that takes everybody in, and knows nothing against anybody. */
export function openDoor (runId: string): DoorOptions {
  return { admission: new Admission({ runId, creator: '', rule: { kind: 'open' } }), standings: new Standings() }
}

/** Who may be here: those whom the run admits, less those who misbehaved. Asked in every handshake, by both sides. */
export class Door {
  readonly #options: DoorOptions
  readonly #shown = new Map<string, Uint8Array>()

  constructor (options: DoorOptions) { this.#options = options }

  /** What this peer's own hello says of it. */
  get sayable (): Pick<Hello, 'pass' | 'revocations'> {
    const { pass, admission: { revocations } } = this.#options
    return { ...pass === undefined ? {} : { pass }, ...revocations.length === 0 ? {} : { revocations: [...revocations] } }
  }

  /** Why a peer is not let in; undefined where it is. */
  verdictOn (peerId: string, { pass }: Pick<Hello, 'pass'>): Verdict | undefined {
    const why = this.#refusal(peerId, pass)
    return why === undefined ? undefined : { accept: false, ...why }
  }

  /** Whether a peer that shows nothing, for others tell of it, cannot be of the run. */
  bars (peerId: string): boolean { return this.#options.admission.bars(peerId) }

  /** A peer came in: by which pass is remembered, for it may be taken back. */
  entered (peerId: string, { pass }: Pick<Hello, 'pass'>): void {
    if (pass !== undefined) this.#shown.set(peerId, pass)
  }

  left (peerId: string): void { this.#shown.delete(peerId) }

  /** Takes over lists of revocations. @returns whether any was new */
  learn (revocations: readonly Revocation[] = []): boolean {
    const news = revocations.filter(revocation => this.#options.admission.learn(revocation))
    for (const revocation of news) this.#options.onRevocation?.(revocation)
    return news.length > 0
  }

  /** Why a member may not stay: what let it in was taken back since. A pass that has ended only keeps it from coming again. */
  expulsion (peerId: string): Rejection | undefined {
    return this.#notAdmitted(this.#options.admission.refusal(peerId, this.#shown.get(peerId), 0))
  }

  #refusal (peerId: string, pass: Uint8Array | undefined): Rejection | undefined {
    const { standings, admission } = this.#options
    return standings.refusal(peerId, Date.now()) ?? this.#notAdmitted(admission.refusal(peerId, pass, Date.now() / MS_PER_SECOND))
  }

  #notAdmitted (what: string | undefined): Rejection | undefined {
    return what === undefined ? undefined : rejection('NOT_ADMITTED', { what })
  }
}
