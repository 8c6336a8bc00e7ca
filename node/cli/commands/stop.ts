import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ShoalError } from '../../../src/errors.ts'
import { DaemonClient } from '../../api/client.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { action } from '../command.ts'

/** A peer takes a minute at most to stop; a little more for a busy machine. */
const STOP_TIMEOUT_MS = 75_000
const LOOK_EVERY_MS = 50

export const stop = action(async ({ options, output }) => {
  const { root, lockFile } = resolveDataDirectory(options.dataDir)
  const client = DaemonClient.find(root)
  await client.shutdown()
  // The lock goes last: once it is free, the next peer may start.
  for (let waitedMs = 0; existsSync(lockFile) && waitedMs < STOP_TIMEOUT_MS; waitedMs += LOOK_EVERY_MS) await pause(LOOK_EVERY_MS)
  if (existsSync(lockFile)) {
    throw new ShoalError({
      code: 'TIMED_OUT', what: 'the peer did not stop', why: `it is still there after ${STOP_TIMEOUT_MS / 1000} s`,
      tryThis: `end process ${client.daemon.pid} by hand; its last checkpoint stays`
    })
  }
  if (options.json) output.json({ version: 1, stopped: true })
  else output.line('stopped; shoal join continues where it was')
  return undefined
})
