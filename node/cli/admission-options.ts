import type { Command } from 'commander'
import { ShoalError } from '../../src/errors.ts'
import { admissionSchema } from '../../src/manifest/admission-schema.ts'
import type { AdmissionSpec } from '../../src/manifest/admission-schema.ts'
import { publicKeyOf } from '../../src/membership/peer-key.ts'
import { choiceOption } from './choices.ts'

export interface AdmissionOptions {
  readonly admit: string
  readonly allow?: readonly string[]
  readonly issuer?: readonly string[]
}

const kinds = admissionSchema.options.map(option => option.shape.kind.value)

export function configureAdmissionOptions (command: Command, collect: (value: string, before: string[] | undefined) => string[]): void {
  command
    .option('--admit <whom>', 'who may take part: open (everybody), listed (--allow), invited (whoever has a pass of shoal invite)', 'open')
    .option('--allow <peer>', 'of listed: a peer id, as shoal init prints it, may be given several times', collect)
    .option('--issuer <peer>', 'of invited: a peer that may issue passes beside you, may be given several times', collect)
}

/** @throws ShoalError USAGE */
export function admissionOf ({ admit, allow, issuer }: AdmissionOptions): AdmissionSpec {
  const kind = choiceOption('admit', admit, kinds)
  if (allow !== undefined && kind !== 'listed') throw misplaced('--allow', 'listed')
  if (issuer !== undefined && kind !== 'invited') throw misplaced('--issuer', 'invited')
  const parsed = admissionSchema.safeParse({ kind, ...kind === 'listed' ? { peers: allow ?? [] } : kind === 'invited' ? { issuers: issuer?.map(peer => publicKeyOf(peer) ?? peer) ?? [] } : {} })
  if (parsed.success) return parsed.data
  const why = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new ShoalError({ code: 'USAGE', what: `--admit ${admit} cannot be used so`, why, tryThis: kind === 'listed' ? '--allow with the peer id of each member' : '--issuer with the peer id that shoal init prints there' })
}

function misplaced (option: string, kind: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what: `${option} cannot be used here`, why: `it belongs to runs that admit ${kind} peers`, tryThis: `--admit ${kind}` })
}
