import { loadIdentity } from '../../store/identity.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../store/data-directory.ts'
import { action } from '../command.ts'

export const init = action(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  prepareDataDirectory(directory)
  const { peerId } = await loadIdentity(directory.identityFile)
  if (options.json) output.json({ version: 1, dataDirectory: directory.root, peerId })
  else {
    output.line(`data directory  ${directory.root}`)
    output.line(`peer id         ${peerId}`)
    output.message('next: shoal join <invite>, or shoal run create to begin a run of your own')
  }
  return undefined
})
