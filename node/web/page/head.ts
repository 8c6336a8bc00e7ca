import type { Status } from '../../api/schema.ts'
import type { SwarmAnswer } from '../swarm-schema.ts'
import { formatBytes, formatCount, formatNumber, formatRatio, formatSeconds } from '../../terminal/units.ts'
import { byId, element } from './elements.ts'
import { nameOf, short } from './numbers.ts'

/** What a phase means to who watches: green goes on, amber waits, red is over for the wrong reason. */
const MOODS: Readonly<Record<string, string>> = { training: 'good', averaging: 'good', finished: 'good', starting: 'wait', waiting: 'wait', paused: 'wait', failed: 'bad' }

/** Who this is, what it does and why, and the numbers that matter most. */
export function showHead (status: Status, swarm: SwarmAnswer): void {
  document.title = `${status.run.name} · Shoal`
  byId('run').textContent = status.run.name
  byId('peer').textContent = `peer ${nameOf(status.peerId)} on ${status.backend}, up ${formatSeconds(status.uptimeSeconds)}`
  byId('phase').textContent = status.phase
  byId('state').dataset['mood'] = MOODS[status.phase] ?? 'wait'
  byId('sentence').textContent = status.sentence
  byId('tiles').replaceChildren(...tilesOf(status, swarm).map(({ name, value, aside }) =>
    element('div', { class: 'tile' }, element('dt', {}, name), element('dd', { class: 'value' }, value), element('dd', { class: 'aside' }, aside))))
  byId('foot').textContent = `run ${status.run.id} · peer ${status.peerId} · ${status.addresses.length} addresses`
}

interface Tile {
  readonly name: string
  readonly value: string
  readonly aside: string
}

function tilesOf (status: Status, { rounds }: SwarmAnswer): Tile[] {
  const { bytes, peers, lastRound } = status
  const sent = bytes.wireSent + bytes.controlSent
  const budget = status.budgetSteps === 0 ? 'no end set' : `of ${formatCount(status.budgetSteps)}`
  const together = lastRound === null ? 'no round yet' : lastRound.outcome === 'solo' ? 'last round alone' : `last round with ${lastRound.members.length - 1}`
  const bits = rounds.findLast(({ bitsPerValue }) => bitsPerValue !== null)?.bitsPerValue
  return [
    { name: 'Loss', value: formatNumber(status.loss, 3), aside: status.startLoss === null ? 'nats a token' : `from ${formatNumber(status.startLoss, 2)} nats a token` },
    { name: 'Step', value: formatCount(status.step), aside: budget },
    { name: 'Round', value: formatCount(status.round), aside: together },
    { name: 'Peers', value: String(peers.present + 1), aside: peers.training === 1 ? '1 other trains' : `${peers.training} others train` },
    { name: 'Speed', value: formatCount(status.tokensPerSecond), aside: 'tokens a second' },
    { name: 'Sent', value: formatBytes(sent), aside: sent === 0 ? `received ${formatBytes(bytes.wireReceived + bytes.controlReceived)}` : `${formatRatio(status.allReduceBytes / sent)} less than all-reduce` },
    { name: 'A value costs', value: bits === undefined ? '–' : `${short(bits)} bit`, aside: 'on its way to a partner' }
  ]
}
