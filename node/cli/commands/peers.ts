import { bannedLines, peersTable, rejectedLines } from '../../terminal/screens/tables.ts'
import { action } from '../command.ts'
import type { CommonOptions } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'
import type { Output } from '../output.ts'

interface PeersOptions {
  readonly rejected: boolean
  readonly addresses: boolean
  readonly forgive?: string
}

export const peers = action<PeersOptions>(async ({ options, output }) => {
  if (options.forgive !== undefined) return forgive(options.forgive, options, output)
  const answer = await daemonOf(options).peers()
  const { connected, rejected, banned = [] } = answer
  if (options.json) output.json(answer)
  else if (options.rejected) {
    if (rejected.length + banned.length === 0) output.message('nobody was refused')
    for (const line of rejectedLines(rejected, { withIds: options.addresses })) output.line(line)
    for (const line of bannedLines(banned, { withIds: options.addresses })) output.line(line)
  } else {
    if (connected.length === 0) output.message('nobody else is here; shoal invite prints the line for the next peer')
    else for (const line of peersTable(connected, { withAddresses: options.addresses })) output.line(line)
    if (rejected.length > 0) output.message(`${rejected.length} ${rejected.length === 1 ? 'refusal' : 'refusals'}; shoal peers --rejected says why`)
  }
  return undefined
})

async function forgive (peer: string, options: CommonOptions, output: Output): Promise<undefined> {
  const answer = await daemonOf(options).forgive(peer)
  if (options.json) output.json(answer)
  else output.line(`forgiven: ${answer.forgiven}`)
  return undefined
}
