import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../../src/errors.ts'
import { formatInvite, parseInvite } from '../../../src/manifest/invite.ts'
import type { SignedManifest } from '../../../src/manifest/manifest.ts'
import { Admission } from '../../../src/membership/admission.ts'
import { issuePass, NEVER_S, termsOf } from '../../../src/membership/pass.ts'
import { DaemonClient } from '../../api/client.ts'
import { findRun } from '../../peer/run-source.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { loadIdentity } from '../../store/identity.ts'
import type { Identity } from '../../store/identity.ts'
import { action } from '../command.ts'
import { durationOption } from '../durations.ts'

interface InviteOptions {
  readonly expires?: string
}

const SEED_BYTES = 32
const MS_PER_SECOND = 1000
/** Long enough to reach everybody, short enough that a forgotten one does not stay open. */
const USUAL_EXPIRY = '7d'

export const invite = action<InviteOptions>(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  const status = await DaemonClient.find(directory.root).status()
  if (status.invite === '') {
    throw new ShoalError({ code: 'TIMED_OUT', what: 'the peer is still starting', why: status.sentence, tryThis: 'the same command in a few seconds' })
  }
  const { run } = await findRun(status.run.id, directory, new AbortController().signal)
  const pass = passFor(run, await loadIdentity(directory.identityFile), options.expires)
  const word = pass === undefined ? status.invite : formatInvite({ ...parseInvite(status.invite), pass })
  const terms = pass === undefined ? undefined : termsOf(pass)
  if (options.json) output.json({ version: 1, runId: status.run.id, invite: word, pass: terms?.id ?? null, expiresAtMs: terms === undefined || terms.expiresS === NEVER_S ? null : MS_PER_SECOND * terms.expiresS })
  else {
    output.line(`npx shoal join ${word}`)
    if (terms !== undefined) output.message(`it lets in whoever has it, ${terms.expiresS === NEVER_S ? 'for ever' : `until ${new Date(MS_PER_SECOND * terms.expiresS).toISOString().slice(0, 16)}Z`}; shoal revoke ${terms.id} takes it back`)
  }
  return undefined
})

/** A pass for whoever gets the invite, where the run admits by pass. @throws ShoalError USAGE where this peer may not issue any, or nobody needs one */
function passFor ({ runId, manifest: { creator, admission: rule } }: SignedManifest, identity: Identity, expires: string | undefined): Uint8Array | undefined {
  if (rule.kind !== 'invited') {
    if (expires === undefined) return undefined
    throw new ShoalError({ code: 'USAGE', what: '--expires cannot be used here', why: `the run admits ${rule.kind === 'open' ? 'everybody' : 'the peers that its manifest lists'}, so invites hold no pass`, tryThis: 'shoal run create --admit invited makes a run that admits by pass' })
  }
  if (!new Admission({ runId, creator, rule }).mayIssue(identity.publicKey)) {
    throw new ShoalError({ code: 'USAGE', what: 'this peer cannot invite anybody', why: 'the run admits by pass, and its manifest does not name this peer’s key as an issuer', tryThis: 'shoal invite on the peer that made the run' })
  }
  const seconds = durationOption('expires', expires ?? USUAL_EXPIRY)
  return issuePass(runId, identity.secretKey, new Uint8Array(randomBytes(SEED_BYTES)), Math.min(NEVER_S, Math.floor(Date.now() / MS_PER_SECOND) + seconds))
}
