/** Every expected failure has a stable code; `node/cli/exit-codes.ts` maps codes to exit codes. */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_SIGNATURE'
  | 'METHOD_UNSTABLE'
  | 'METHOD_UNSUPPORTED'
  | 'METHOD_CONTRADICTORY'
  | 'INVITE_INVALID'
  | 'CORPUS_MISSING'
  | 'CORPUS_MISMATCH'
  | 'DATA_MISSING'
  | 'DATA_INVALID'
  | 'DATA_CHANGED'
  | 'CODEC_SPEC'
  | 'CODEC_CORRUPT'
  | 'CHECKPOINT_CORRUPT'
  | 'CHECKPOINT_MISSING'
  | 'CHECKPOINT_INCOMPATIBLE'
  | 'STORE_CORRUPT'
  | 'STORE_NEWER'
  | 'DATA_DIRECTORY_LOCKED'
  | 'DATA_DIRECTORY_UNWRITABLE'
  | 'DATA_DIRECTORY_MISSING'
  | 'PORT_IN_USE'
  | 'DAEMON_UNREACHABLE'
  | 'BOOTSTRAP_UNREACHABLE'
  | 'PEER_INCOMPATIBLE'
  | 'PEER_MISBEHAVED'
  | 'BACKEND_UNAVAILABLE'
  | 'TRAINER_FAILED'
  | 'TIMED_OUT'
  | 'EXPECTATION_NOT_MET'
  | 'INTERNAL'

export interface ErrorParts {
  readonly code: ErrorCode
  /** What happened, one sentence without a full stop. */
  readonly what: string
  /** Why it happened, with the values that matter. */
  readonly why: string
  /** What the user can try next. */
  readonly tryThis: string
  readonly cause?: unknown
}

/** An expected failure that reaches the user as three lines: what, why, try. */
export class ShoalError extends Error {
  override readonly name = 'ShoalError'
  readonly code: ErrorCode
  readonly why: string
  readonly tryThis: string

  constructor (parts: ErrorParts) {
    super(parts.what, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.code = parts.code
    this.why = parts.why
    this.tryThis = parts.tryThis
  }
}

/** The sentence of anything thrown. */
export function reasonOf (thrown: unknown): string {
  if (thrown instanceof ShoalError) return `${thrown.message}: ${thrown.why}`
  return thrown instanceof Error ? thrown.message : String(thrown)
}
