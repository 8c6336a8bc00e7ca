import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'

/** For whoever asks for the ledger of a run that is trained otherwise. */
export function withoutLedger ({ name }: Pick<RunManifest, 'name'>): ShoalError {
  return new ShoalError({ code: 'METHOD_UNSUPPORTED', what: `run ${name} has no ledger`, why: 'its peers average weights', tryThis: 'shoal rounds tells what became of its rounds' })
}

/** For whoever asks for a merge: everybody has the one model. */
export function nothingToMerge (): ShoalError {
  return new ShoalError({ code: 'METHOD_UNSUPPORTED', what: 'there is nothing to merge', why: 'peers that hold the same bytes have the same weights', tryThis: 'shoal ledger show' })
}

/** A peer whose packs cannot be kept signs none. */
export function packsNotKept (cause: unknown): ShoalError {
  return new ShoalError({
    code: 'DATA_DIRECTORY_UNWRITABLE', what: 'this peer’s packs cannot be kept', why: reasonOf(cause),
    tryThis: 'make room on the disk and join again: a peer that forgets what it signed would contradict itself', cause
  })
}

export function trainingFailed (why: string): ShoalError {
  return new ShoalError({ code: 'TRAINER_FAILED', what: 'training cannot go on', why, tryThis: 'shoal join again goes on from this peer’s ledger' })
}
