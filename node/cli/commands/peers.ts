import { shortId } from '../../../src/membership/short-id.ts'
import { DaemonClient } from '../../api/client.ts'
import type { PeersAnswer } from '../../api/schema.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { table } from '../../terminal/table.ts'
import { formatBytes, formatCount } from '../../terminal/units.ts'
import { action } from '../command.ts'
import type { Output } from '../output.ts'

interface PeersOptions {
  readonly rejected: boolean
  readonly addresses: boolean
}

export const peers = action<PeersOptions>(async ({ options, output }) => {
  const answer = await DaemonClient.find(resolveDataDirectory(options.dataDir).root).peers()
  if (options.json) output.json(answer)
  else if (options.rejected) showRejected(answer, output)
  else showConnected(answer, output, options.addresses)
  return undefined
})

function showConnected ({ connected, rejected }: PeersAnswer, output: Output, withAddresses: boolean): void {
  if (connected.length === 0) output.message('nobody else is here; shoal invite prints the line for the next peer')
  else {
    const right = 'right' as const
    const columns = [{ title: 'peer' }, { title: 'now' }, { title: 'step', align: right }, { title: 'round', align: right }, { title: 'sent', align: right },
      { title: 'received', align: right }, { title: 'dialled by' }, ...withAddresses ? [{ title: 'addresses' }] : []]
    const rows = connected.map(peer => [
      withAddresses ? peer.peerId : shortId(peer.peerId), peer.training ? 'training' : 'done', formatCount(peer.step), formatCount(peer.round),
      formatBytes(peer.bytesSent), formatBytes(peer.bytesReceived), peer.direction === 'inbound' ? 'them' : 'us', peer.addresses.join(' ')
    ])
    for (const line of table(columns, rows)) output.line(line)
  }
  if (rejected.length > 0) output.message(`${rejected.length} refusals; shoal peers --rejected says why`)
}

function showRejected ({ rejected }: PeersAnswer, output: Output): void {
  if (rejected.length === 0) output.message('nobody was refused')
  for (const { peerId, code, sentence, by } of rejected) output.line(`${shortId(peerId)}  ${by === 'us' ? 'refused by us' : 'refused us'}: ${sentence} [${code}]`)
}
