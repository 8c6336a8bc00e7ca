import { isScalarMethod } from '../../src/averaging/any-method.ts'
import { ShoalError } from '../../src/errors.ts'
import { promiseOf } from '../config/promise.ts'
import type { PeerOptions, PeerParts } from '../peer/peer-parts.ts'
import type { PeerReporter } from '../peer/peer-reporter.ts'
import type { Identity } from '../store/identity.ts'
import { LedgerKeeper } from './ledger-keeper.ts'
import { ScalarSession } from './session.ts'

/** The session of a run that is trained by scalars; undefined for every other. @throws ShoalError METHOD_UNSUPPORTED where a promise about the uplink was made, which such runs cannot keep */
export function openScalarSession (options: PeerOptions, identity: Identity, parts: PeerParts, reporter: PeerReporter): ScalarSession | undefined {
  const { method } = options.source.run.manifest
  if (!isScalarMethod(method) || parts.scalars === undefined) return undefined
  if (promiseOf(options.settings) !== undefined) throw promiseInVain(method.kind)
  const { store, loaded } = parts.scalars
  const ledger = new LedgerKeeper({ store, onFailure: error => { session.fail(error) } })
  const session = new ScalarSession(options, { ...parts, method, secretKey: identity.secretKey, ledger, loaded, kept: store }, reporter)
  return session
}

/** Rounds of weights are thinned out to keep a promise; a byte that is not sent would be missing from everyone's weights. */
function promiseInVain (method: string): ShoalError {
  return new ShoalError({
    code: 'METHOD_UNSUPPORTED',
    what: `no promise about the uplink can be kept in a run of ${method}`,
    why: 'everybody needs every scalar, so there is nothing to leave out',
    tryThis: 'join without --upload and --bytes-per-day: docs/results/scalars.md says how little is sent'
  })
}
