import type { ErrorCode } from '../../src/errors.ts'

/** Exit codes of the command line (design.md): part of the contract with scripts. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  daemonUnreachable: 3,
  incompatible: 4,
  timedOut: 5,
  expectationNotMet: 6,
  locked: 7,
  interrupted: 130,
  terminated: 143
} as const

/** Codes that do not mean plain failure. */
const BY_CODE: Partial<Record<ErrorCode, number>> = {
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  MANIFEST_INVALID: EXIT.usage,
  MANIFEST_SIGNATURE: EXIT.usage,
  METHOD_UNSTABLE: EXIT.usage,
  METHOD_UNSUPPORTED: EXIT.usage,
  METHOD_CONTRADICTORY: EXIT.usage,
  INVITE_INVALID: EXIT.usage,
  CODEC_SPEC: EXIT.usage,
  DAEMON_UNREACHABLE: EXIT.daemonUnreachable,
  PEER_INCOMPATIBLE: EXIT.incompatible,
  CORPUS_MISMATCH: EXIT.incompatible,
  CHECKPOINT_INCOMPATIBLE: EXIT.incompatible,
  STORE_NEWER: EXIT.incompatible,
  BOOTSTRAP_UNREACHABLE: EXIT.timedOut,
  TIMED_OUT: EXIT.timedOut,
  EXPECTATION_NOT_MET: EXIT.expectationNotMet,
  DATA_DIRECTORY_LOCKED: EXIT.locked
}

export function exitCodeOf (code: ErrorCode): number {
  return BY_CODE[code] ?? EXIT.failed
}
