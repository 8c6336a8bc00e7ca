import type { PeerEvent } from '../../src/events.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Theme } from './theme.ts'
import { formatBytes, formatCount, formatNumber } from './units.ts'

/** The line in which a person reads an event, or nothing where it says nothing new. */
export function eventLine (event: PeerEvent, theme: Theme): string | undefined {
  switch (event.type) {
    case 'started': return [
      theme.title(`${event.resumed ? 'resumed' : 'joined'} run ${event.runName} (${event.runId.slice(0, 12)}) as ${shortId(event.peerId)}`),
      `${formatCount(event.parameters)} parameters on ${event.backend}, step ${formatCount(event.step)}, listening on ${event.addresses.length} addresses`,
      event.invite === '' ? `one more peer: ${theme.accent('shoal invite')} prints a line with a pass, on the machine of whoever may issue one` : `one more peer: ${theme.accent(`npx shoal join ${event.invite}`)}`
    ].join('\n')
    case 'serving': return `${event.what} at ${theme.accent(event.what === 'metrics' ? `${event.url}/metrics` : `${event.url}/${event.needsToken ? '#token=…' : ''}`)}${event.needsToken ? ', with the token in api.token of the data directory' : ''}`
    case 'waiting': case 'joining': return theme.faint(event.sentence)
    case 'evaluated': return `held-out loss ${formatNumber(event.loss, 4)} at step ${formatCount(event.step)}`
    case 'round': {
      const { record, bytes } = event
      return `round ${record.round}  step ${formatCount(record.step)}  loss ${formatNumber(record.loss, 3)}  sent ${formatBytes(bytes.wireSent + bytes.controlSent)}  ${record.reason}`
    }
    case 'peer-joined': return theme.good(`${shortId(event.peerId)} is here`)
    case 'peer-left': return theme.warning(`${shortId(event.peerId)} left: ${event.reason}`)
    case 'peer-rejected': return theme.warning(`${shortId(event.peerId)} ${event.by === 'us' ? 'was refused' : 'refused us'}: ${event.sentence}`)
    case 'network': return event.what === 'islands' ? theme.good(event.sentence) : theme.faint(event.sentence)
    case 'warning': return theme.warning(event.sentence)
    case 'checkpoint': return theme.faint(`checkpoint at step ${formatCount(event.step)}`)
    case 'merged': return `merged ${event.members.length} replicas, apart by ${event.spread.toExponential(1)} of their size: held-out loss ${formatNumber(event.lossBefore, 4)} before, ${formatNumber(event.lossAfter, 4)} after`
    case 'finished': return `${event.reason === 'budget' ? 'done' : 'stopped'} after ${formatCount(event.report.steps)} steps and ${event.report.rounds} rounds, ${event.report.averagedRounds} of them averaged`
    case 'progress': return undefined
  }
}
