import { DaemonClient } from '../api/client.ts'
import { resolveDataDirectory } from '../store/data-directory.ts'
import type { CommonOptions } from './command.ts'

/** The daemon that a command is about. @throws ShoalError DAEMON_UNREACHABLE */
export function daemonOf ({ dataDir }: CommonOptions): DaemonClient {
  return DaemonClient.find(resolveDataDirectory(dataDir).root)
}
