import { ShoalError } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'

/** Weights that were imported cannot be drawn from the seed: who lacks them has nothing to begin with. */
export function unknownGenesis ({ genesis, name }: Pick<RunManifest, 'genesis' | 'name'>): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_MISSING', what: `this peer lacks the weights that run ${name} starts from`,
    why: `they were imported (SHA-256 ${genesis?.sha256.slice(0, 12) ?? 'unknown'}…), are not here, and no peer that was asked gave them`,
    tryThis: 'shoal join with an invite of a peer that is in the run now'
  })
}
