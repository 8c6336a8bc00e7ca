import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { ShoalError } from '../../src/errors.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { Admission } from '../../src/membership/admission.ts'
import { PASS_BYTES, showPass } from '../../src/membership/pass.ts'
import { publicKeyOf } from '../../src/membership/peer-key.ts'
import { revoke } from '../../src/membership/revocation.ts'
import type { Revocation } from '../../src/membership/revocation.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { DoorOptions } from '../network/door.ts'
import { Standings } from '../network/standings.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { Identity } from '../store/identity.ts'
import type { TrustStore } from '../store/trust-store.ts'
import { runFolder } from './run-source.ts'

/** Keeps the pass of an invite for later starts; a newer one takes its place. */
export async function rememberPass (runId: string, pass: Uint8Array | undefined, directory: DataDirectory): Promise<void> {
  if (pass !== undefined) await writeFileAtomically(passFile(runId, directory), [utf8ToBytes(bytesToHex(pass))])
}

/** The pass with which this data directory takes part; undefined where there is none that can be read. */
export function rememberedPass (runId: string, directory: DataDirectory): Uint8Array | undefined {
  const file = passFile(runId, directory)
  const pass = existsSync(file) ? Buffer.from(readFileSync(file, 'latin1'), 'hex') : undefined
  return pass?.length === PASS_BYTES ? new Uint8Array(pass) : undefined
}

function passFile (runId: string, directory: DataDirectory): string {
  return join(runFolder(runId, directory), 'pass')
}

/** Whom this peer lets in: what the manifest says, and what the store remembers. */
export async function openRunDoor ({ runId, manifest }: SignedManifest, { peerId }: Identity, trust: TrustStore, directory: DataDirectory): Promise<DoorOptions> {
  const admission = new Admission({ runId, creator: manifest.creator, rule: manifest.admission })
  for (const revocation of await trust.revocations()) admission.learn(revocation)
  const pass = manifest.admission.kind === 'invited' ? rememberedPass(runId, directory) : undefined
  return {
    admission,
    standings: new Standings(await trust.standings(), (id, standing) => { trust.keepStanding(id, standing) }),
    pass: pass === undefined ? undefined : showPass(pass, runId, peerId),
    onRevocation: revocation => { trust.keepRevocation(revocation) }
  }
}

/** What a person may do at the door of a running peer. */
export class Doorkeeper {
  readonly #run: SignedManifest
  readonly #identity: Identity
  readonly #door: DoorOptions
  readonly #network: Pick<SwarmNetwork, 'revoke'>

  constructor (run: SignedManifest, identity: Identity, door: DoorOptions, network: Pick<SwarmNetwork, 'revoke'>) {
    this.#run = run
    this.#identity = identity
    this.#door = door
    this.#network = network
  }

  banned (): ReturnType<Standings['banned']> { return this.#door.standings.banned(Date.now()) }

  /** Forgets what is held against a peer. @param word its id, or the way in which a list shows it @throws ShoalError USAGE */
  forgive (word: string): string {
    const { standings } = this.#door
    const found = standings.known().filter(id => id === word || shortId(id) === word)
    const [only] = found
    if (only === undefined || found.length > 1) {
      throw new ShoalError({
        code: 'USAGE', what: `${word.slice(0, 80)} cannot be forgiven`, why: only === undefined ? 'nothing is held against a peer of that name' : 'several peers are shown that way',
        tryThis: 'shoal peers --rejected --addresses shows whole ids'
      })
    }
    standings.forgive(only)
    return only
  }

  /** Takes back a pass or a peer's admission, and tells the swarm. @throws ShoalError USAGE */
  revoke (what: string): Revocation {
    const { admission } = this.#door
    const { publicKey, secretKey } = this.#identity
    if (!/^[0-9a-f]{16}$/.test(what) && publicKeyOf(what) === undefined) throw cannotRevoke(what, 'it is neither a pass (16 hexadecimal digits) nor a peer id', 'shoal invite names the pass that it issues')
    if (!admission.mayIssue(publicKey)) throw cannotRevoke(what, 'the manifest does not name this peer’s key as an issuer', 'do it on the peer that made the run')
    const revocation = revoke(this.#run.runId, secretKey, admission.revocationOf(publicKey), what)
    this.#network.revoke([revocation])
    return revocation
  }
}

function cannotRevoke (what: string, why: string, tryThis: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what: `${what.slice(0, 80)} cannot be revoked`, why, tryThis })
}
