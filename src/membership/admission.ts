import type { AdmissionSpec } from '../manifest/admission-schema.ts'
import { NEVER_S, readShownPass } from './pass.ts'
import type { PassTerms } from './pass.ts'
import { publicKeyOf } from './peer-key.ts'
import { isSigned } from './revocation.ts'
import type { Revocation } from './revocation.ts'

/** Of time, in seconds. */
const UNITS = [['days', 86_400], ['hours', 3600], ['minutes', 60]] as const

/** What the manifest says about who may take part. */
export interface AdmissionTerms {
  readonly runId: string
  /** Public key, hex. */
  readonly creator: string
  readonly rule: AdmissionSpec
}

/** The door of a run: who may come in, by the manifest and by what its issuers have taken back since. */
export class Admission {
  readonly #terms: AdmissionTerms
  readonly #revocations = new Map<string, Revocation>()

  constructor (terms: AdmissionTerms) { this.#terms = terms }

  /** The newest list of each issuer, to be passed on. */
  get revocations (): readonly Revocation[] { return [...this.#revocations.values()] }

  /** Whether this key may issue passes and take back whom it let in. */
  mayIssue (publicKey: string): boolean {
    const { creator, rule } = this.#terms
    return publicKey === creator || (rule.kind === 'invited' && rule.issuers.includes(publicKey))
  }

  revocationOf (issuer: string): Revocation | undefined { return this.#revocations.get(issuer) }

  /** Takes an issuer's list over if it is newer. @returns whether it was; forged ones never are */
  learn (revocation: Revocation): boolean {
    const { issuer, sequence } = revocation
    if (!this.mayIssue(issuer) || sequence <= (this.#revocations.get(issuer)?.sequence ?? 0) || !isSigned(this.#terms.runId, revocation)) return false
    this.#revocations.set(issuer, revocation)
    return true
  }

  /**
   * Why a peer may not take part, as the part of a sentence that follows "it is not a member:"; undefined where it may.
   *
   * @param shown the pass that it showed
   * @param nowS seconds since 1970
   */
  refusal (peerId: string, shown: Uint8Array | undefined, nowS: number): string | undefined {
    const { creator, rule } = this.#terms
    const key = publicKeyOf(peerId)
    if (key === creator) return undefined
    if (this.#isRevoked(peerId)) return 'the run’s issuer has taken back its admission'
    if (rule.kind === 'open') return undefined
    if (rule.kind === 'listed') return rule.peers.includes(peerId) ? undefined : 'the manifest lists its members, and it is not among them'
    if (key !== undefined && rule.issuers.includes(key)) return undefined
    if (shown === undefined) return 'the run admits by pass, and it showed none: it needs an invite from an issuer'
    const pass = readShownPass(shown, this.#terms.runId, peerId)
    return pass === undefined ? 'its pass is forged, of another run, or another peer’s' : this.#passRefusal(pass, nowS)
  }

  /** Whether a peer may not take part whatever pass it showed. */
  bars (peerId: string): boolean {
    const { creator, rule } = this.#terms
    if (publicKeyOf(peerId) === creator) return false
    return this.#isRevoked(peerId) || (rule.kind === 'listed' && !rule.peers.includes(peerId))
  }

  #passRefusal ({ id, expiresS, issuer }: PassTerms, nowS: number): string | undefined {
    if (!this.mayIssue(issuer)) return `its pass ${id} is signed by a key that may not issue any`
    if (this.#isRevoked(id)) return `its pass ${id} has been revoked`
    if (expiresS !== NEVER_S && nowS >= expiresS) return `its pass ${id} ended ${ago(nowS - expiresS)}`
    return undefined
  }

  #isRevoked (what: string): boolean {
    return [...this.#revocations.values()].some(({ revoked }) => revoked.includes(what))
  }
}

/** In the largest unit of which there are two at least. */
function ago (seconds: number): string {
  const unit = UNITS.find(([, length]) => seconds >= 2 * length)
  return unit === undefined ? 'a moment ago' : `${Math.floor(seconds / unit[1])} ${unit[0]} ago`
}
