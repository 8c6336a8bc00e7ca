import { shortId } from '../../../src/membership/short-id.ts'
import { DaemonClient } from '../../api/client.ts'
import { MAXIMUM_ROUNDS_A_PAGE } from '../../api/schema.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { table } from '../../terminal/table.ts'
import { formatBytes, formatCount, formatNumber } from '../../terminal/units.ts'
import { action } from '../command.ts'
import { numberOption } from '../numbers.ts'

interface RoundsOptions {
  readonly since: string
  readonly limit: string
}

export const rounds = action<RoundsOptions>(async ({ options, output }) => {
  const since = numberOption('since', options.since, { minimum: 0 })
  const limit = numberOption('limit', options.limit, { minimum: 1, maximum: MAXIMUM_ROUNDS_A_PAGE })
  const answer = await DaemonClient.find(resolveDataDirectory(options.dataDir).root).rounds(since, limit)
  if (options.json) {
    output.json(answer)
    return undefined
  }
  if (answer.rounds.length === 0) output.message(since === 0 ? 'no round is over yet' : `no round after ${since} is over yet`)
  else {
    const right = 'right' as const
    const columns = [{ title: 'round', align: right }, { title: 'step', align: right }, { title: 'loss', align: right }, { title: 'sent', align: right }, { title: 'with' }, { title: 'why' }]
    const rows = answer.rounds.map(({ round, step, loss, payloadBytesSent, members, outcome, reason }) => [
      formatCount(round), formatCount(step), formatNumber(loss, 3), formatBytes(payloadBytesSent), outcome === 'solo' ? 'nobody' : members.map(shortId).join(' '), reason
    ])
    for (const line of table(columns, rows)) output.line(line)
  }
  if (answer.next !== null) output.message(`there are more: shoal rounds --since ${answer.next}`)
  return undefined
})
