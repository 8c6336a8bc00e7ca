import { MAXIMUM_ROUNDS_A_PAGE } from '../../api/schema.ts'
import { roundsTable } from '../../terminal/screens/tables.ts'
import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'
import { numberOption } from '../numbers.ts'

interface RoundsOptions {
  readonly since: string
  readonly limit: string
}

export const rounds = action<RoundsOptions>(async ({ options, output }) => {
  const since = numberOption('since', options.since, { minimum: 0 })
  const limit = numberOption('limit', options.limit, { minimum: 1, maximum: MAXIMUM_ROUNDS_A_PAGE })
  const answer = await daemonOf(options).rounds(since, limit)
  if (options.json) {
    output.json(answer)
    return undefined
  }
  if (answer.rounds.length === 0) output.message(since === 0 ? 'no round is over yet' : `no round after ${since} is over yet`)
  else for (const line of roundsTable(answer.rounds)) output.line(line)
  if (answer.next !== null) output.message(`there are more: shoal rounds --since ${answer.next}`)
  return undefined
})
