import type { BandwidthAnswer, PeersAnswer, RoundAnswer } from '../../api/schema.ts'
import { shortId } from '../../../src/membership/short-id.ts'
import { table } from '../table.ts'
import type { Column } from '../table.ts'
import { formatBytes, formatCount, formatNumber } from '../units.ts'

const right = 'right' as const

/** Who else is in the run; with whole ids and addresses where there is room. */
export function peersTable (connected: PeersAnswer['connected'], { withAddresses }: { readonly withAddresses: boolean }): string[] {
  const withWay = withAddresses || connected.some(({ transport, relay, punched }) => isOtherThanTcp(transport) || relay !== undefined || punched === true)
  const columns: Column[] = [{ title: 'peer' }, { title: 'now' }, { title: 'step', align: right }, { title: 'round', align: right }, { title: 'sent', align: right },
    { title: 'received', align: right }, { title: 'dialled by' }, ...withWay ? [{ title: 'way' }] : [], ...withAddresses ? [{ title: 'addresses' }] : []]
  return table(columns, connected.map(peer => [
    withAddresses ? peer.peerId : shortId(peer.peerId), peer.training ? 'training' : 'resting', formatCount(peer.step), formatCount(peer.round),
    formatBytes(peer.bytesSent), formatBytes(peer.bytesReceived), peer.direction === 'inbound' ? 'them' : 'us', ...withWay ? [wayOf(peer)] : [], peer.addresses.join(' ')
  ]))
}

type Transport = PeersAnswer['connected'][number]['transport']

const TRANSPORTS = { tcp: 'TCP', websockets: 'WebSockets', quic: 'QUIC' } as const

function isOtherThanTcp (transport: Transport): boolean { return transport !== undefined && transport !== 'tcp' }

function wayOf ({ transport, relay, punched }: PeersAnswer['connected'][number]): string {
  const over = transport === undefined ? '' : `, ${TRANSPORTS[transport]}`
  if (relay !== undefined) return `through ${shortId(relay)}${over}`
  return `direct${punched === true ? ', punched' : ''}${over}`
}

/** Who was refused, by whom and why. */
export function rejectedLines (rejected: PeersAnswer['rejected'], { withIds = false }: { readonly withIds?: boolean } = {}): string[] {
  return rejected.map(({ peerId, code, sentence, by }) => `${withIds ? peerId : shortId(peerId)}  ${by === 'us' ? 'refused by us' : 'refused us'}: ${sentence} [${code}]`)
}

/** Who is banned, until when and for what. */
export function bannedLines (banned: NonNullable<PeersAnswer['banned']>, { withIds }: { readonly withIds: boolean }): string[] {
  return banned.map(({ peerId, sentence, bannedUntilMs }) => `${withIds ? peerId : shortId(peerId)}  banned until ${new Date(bannedUntilMs).toISOString().slice(0, 16)}Z: ${sentence}`)
}

export function roundsTable (rounds: readonly RoundAnswer[]): string[] {
  const columns: Column[] = [{ title: 'round', align: right }, { title: 'step', align: right }, { title: 'loss', align: right }, { title: 'sent', align: right }, { title: 'with' }, { title: 'why' }]
  return table(columns, rounds.map(({ round, step, loss, payloadBytesSent, members, outcome, reason }) => [
    formatCount(round), formatCount(step), formatNumber(loss, 3), formatBytes(payloadBytesSent), outcome === 'solo' ? 'nobody' : members.map(shortId).join(' '), reason
  ]))
}

export type BandwidthView = 'peer' | 'protocol' | 'round'

/** What was sent and received, the largest first; of rounds the newest first, and their payload alone. */
export function bandwidthTable (by: BandwidthView, bandwidth: Pick<BandwidthAnswer, 'peers' | 'protocols'>, rounds: readonly RoundAnswer[]): string[] {
  const rows = by === 'peer'
    ? bandwidth.peers.map(({ peerId, sent, received }) => [shortId(peerId), formatBytes(sent), formatBytes(received)])
    : by === 'protocol'
      ? bandwidth.protocols.map(({ protocol, sent, received }) => [protocol, formatBytes(sent), formatBytes(received)])
      : [...rounds].reverse().map(({ round, payloadBytesSent, payloadBytesReceived }) => [formatCount(round), formatBytes(payloadBytesSent), formatBytes(payloadBytesReceived)])
  return table([{ title: by, align: by === 'round' ? right : 'left' }, { title: 'sent', align: right }, { title: 'received', align: right }], rows)
}
