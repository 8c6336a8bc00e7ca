import { describe, expect, it } from 'vitest'
import { EXIT, exitCodeOf } from '../../../node/cli/exit-codes.ts'
import type { ErrorCode } from '../../../src/errors.ts'

describe('exit codes', () => {
  it('are those of the contract', () => {
    expect(EXIT).toEqual({
      ok: 0, failed: 1, usage: 2, daemonUnreachable: 3, incompatible: 4, timedOut: 5, expectationNotMet: 6, locked: 7, interrupted: 130, terminated: 143
    })
  })

  it.each<[number, ErrorCode[]]>([
    [1, ['INTERNAL', 'STORE_CORRUPT', 'CHECKPOINT_CORRUPT', 'DATA_DIRECTORY_UNWRITABLE', 'PORT_IN_USE', 'TRAINER_FAILED']],
    [2, ['USAGE', 'CONFIG_INVALID', 'MANIFEST_INVALID', 'MANIFEST_SIGNATURE', 'METHOD_UNSTABLE', 'INVITE_INVALID', 'CODEC_SPEC']],
    [3, ['DAEMON_UNREACHABLE']],
    [4, ['PEER_INCOMPATIBLE', 'CHECKPOINT_INCOMPATIBLE', 'STORE_NEWER']],
    [5, ['TIMED_OUT']],
    [6, ['EXPECTATION_NOT_MET']],
    [7, ['DATA_DIRECTORY_LOCKED']]
  ])('%i stands for %j', (exitCode, codes) => {
    for (const code of codes) expect(exitCodeOf(code), code).toBe(exitCode)
  })
})
