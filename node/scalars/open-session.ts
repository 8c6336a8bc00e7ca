import { isScalarMethod } from '../../src/averaging/any-method.ts'
import type { PeerOptions, PeerParts } from '../peer/peer-parts.ts'
import type { PeerReporter } from '../peer/peer-reporter.ts'
import type { Identity } from '../store/identity.ts'
import { LedgerKeeper } from './ledger-keeper.ts'
import { ScalarSession } from './session.ts'

/** The session of a run that is trained by scalars; undefined for every other. */
export function openScalarSession (options: PeerOptions, identity: Identity, parts: PeerParts, reporter: PeerReporter): ScalarSession | undefined {
  const { method } = options.source.run.manifest
  if (!isScalarMethod(method) || parts.scalars === undefined) return undefined
  const { store, loaded } = parts.scalars
  const ledger = new LedgerKeeper({ store, onFailure: error => { session.fail(error) } })
  const session = new ScalarSession(options, { ...parts, method, secretKey: identity.secretKey, ledger, loaded, kept: store }, reporter)
  return session
}
