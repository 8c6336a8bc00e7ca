import { DaemonClient } from '../../api/client.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { statusScreen } from '../../terminal/screens/status.ts'
import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'

export const status = action(async ({ options, output }) => {
  const answer = await DaemonClient.find(resolveDataDirectory(options.dataDir).root).status()
  if (options.json) {
    output.json(answer)
    return undefined
  }
  const lines = statusScreen({
    ...answer, runName: answer.run.name, runId: answer.run.id, peersPresent: answer.peers.present, peersTraining: answer.peers.training
  }, createTheme(output.colours))
  for (const line of lines) output.line(line)
  return undefined
})
