import { ShoalError } from '../../../src/errors.ts'
import { DaemonClient } from '../../api/client.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { action } from '../command.ts'

export const invite = action(async ({ options, output }) => {
  const status = await DaemonClient.find(resolveDataDirectory(options.dataDir).root).status()
  if (status.invite === '') {
    throw new ShoalError({ code: 'TIMED_OUT', what: 'the peer is still starting', why: status.sentence, tryThis: 'the same command in a few seconds' })
  }
  if (options.json) output.json({ version: 1, runId: status.run.id, invite: status.invite })
  else output.line(`npx shoal join ${status.invite}`)
  return undefined
})
