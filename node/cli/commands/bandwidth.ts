import { bandwidthTable } from '../../terminal/screens/tables.ts'
import { formatBytes } from '../../terminal/units.ts'
import { choiceOption } from '../choices.ts'
import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'

interface BandwidthOptions {
  readonly by: string
}

/** As many rounds as a person looks through. */
const SHOWN_ROUNDS = 50

export const bandwidth = action<BandwidthOptions>(async ({ options, output }) => {
  const by = choiceOption('by', options.by, ['peer', 'protocol', 'round'])
  const client = daemonOf(options)
  const answer = await client.bandwidth()
  const rounds = by === 'round' ? (await client.rounds(Math.max(0, (await client.status()).round - SHOWN_ROUNDS))).rounds : []
  if (options.json) {
    output.json(by === 'round' ? { ...answer, rounds: rounds.map(({ round, payloadBytesSent, payloadBytesReceived }) => ({ round, payloadBytesSent, payloadBytesReceived })) } : answer)
    return undefined
  }
  for (const line of bandwidthTable(by, answer, rounds)) output.line(line)
  const { totals, rate, promise } = answer
  output.message(`in all sent ${formatBytes(totals.wireSent + totals.controlSent)}, received ${formatBytes(totals.wireReceived + totals.controlReceived)}; ` +
    `now ${formatBytes(rate.sentPerSecond)}/s and ${formatBytes(rate.receivedPerSecond)}/s${promise === '' ? '' : `; promised at most ${promise}`}`)
  return undefined
})
