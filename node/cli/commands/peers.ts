import { peersTable, rejectedLines } from '../../terminal/screens/tables.ts'
import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'

interface PeersOptions {
  readonly rejected: boolean
  readonly addresses: boolean
}

export const peers = action<PeersOptions>(async ({ options, output }) => {
  const answer = await daemonOf(options).peers()
  const { connected, rejected } = answer
  if (options.json) output.json(answer)
  else if (options.rejected) {
    if (rejected.length === 0) output.message('nobody was refused')
    for (const line of rejectedLines(rejected)) output.line(line)
  } else {
    if (connected.length === 0) output.message('nobody else is here; shoal invite prints the line for the next peer')
    else for (const line of peersTable(connected, { withAddresses: options.addresses })) output.line(line)
    if (rejected.length > 0) output.message(`${rejected.length} ${rejected.length === 1 ? 'refusal' : 'refusals'}; shoal peers --rejected says why`)
  }
  return undefined
})
