import { printable } from '../../node/terminal/printable.ts'
import { table } from '../../node/terminal/table.ts'
import type { Theme } from '../../node/terminal/theme.ts'
import { formatBytes, formatCount, formatNumber, formatRatio, formatSeconds } from '../../node/terminal/units.ts'
import { bitsOf } from './final-report.ts'
import type { FinalReport, NamedLiar } from './final-report.ts'

/** The end of a testnet for people: a row a peer, the merged model beside gzip, bytes beside all-reduce, two samples. */
export function finalLines (report: FinalReport, theme: Theme): string[] {
  return [
    '',
    ...peerRows(report).map((line, index) => index === 0 ? theme.faint(line) : line),
    '',
    ...judgedLines(report, theme),
    ...byteLines(report),
    `${formatSeconds(report.secondsTotal)} in all, ${formatSeconds(report.secondsTraining)} of them training; ${isOneModel(report) ? 'all peers with the same weights' : `replicas apart by ${report.consensusDistance.toExponential(1)} of their size`}`,
    ...report.peersLost.length === 0 ? [] : [theme.warning(`ended early: ${report.peersLost.join(', ')}`)],
    ...report.liars.length === 0 ? [] : [theme.warning(`lied, and are not counted: ${report.liars.map(liarName).join(', ')}`)],
    ...report.sampleAfter === '' ? [] : ['', theme.faint('before:'), printable(report.sampleBefore), '', theme.faint('after:'), printable(report.sampleAfter)]
  ]
}

function liarName ({ name, attack }: NamedLiar): string { return `${name} (${attack ?? 'not yet'})` }

function judgedLines (report: FinalReport, theme: Theme): string[] {
  const [loss, right] = [formatNumber(report.evalLoss, 4), `${formatNumber(100 * report.evalAccuracy, 1)} %`]
  if (Number.isNaN(report.bitsPerCharacter)) return [theme.title(`${nameOf(report)}: ${right} of the held-out examples right (${loss} nats each)`)]
  return [
    theme.title(`${nameOf(report)}: ${formatNumber(report.bitsPerCharacter, 3)} bits per character on held-out text (${loss} nats per token, ${right} of them foreseen)`),
    ...isOneModel(report) ? [] : [`before the merge the replicas had ${formatNumber(report.evalLossReplicas, 4)} nats per token on average`],
    gzipLine(report)
  ]
}

/** There is nothing to merge then. */
function isOneModel ({ consensusDistance, perPeer }: FinalReport): boolean { return consensusDistance === 0 && perPeer.length > 1 }

function nameOf (report: FinalReport): string { return isOneModel(report) ? 'the model of all peers' : 'merged model' }

function peerRows (report: FinalReport): string[] {
  const right = 'right' as const
  return table(
    [{ title: 'peer' }, { title: 'steps', align: right }, { title: 'tokens', align: right }, { title: 'rounds', align: right }, { title: 'start loss', align: right },
      { title: 'held-out loss', align: right }, { title: 'bits/char', align: right }, { title: 'gzip', align: right }, { title: 'sent', align: right }, { title: 'received', align: right }],
    report.perPeer.map(peer => [
      peer.name, formatCount(peer.steps), formatCount(peer.tokens), `${peer.averagedRounds} of ${peer.rounds}`, formatNumber(peer.startLoss, 3), formatNumber(peer.evalLoss, 3),
      formatNumber(bitsOf(report, peer.evalLoss), 3), formatNumber(report.gzipBitsPerCharacter, 3),
      formatBytes(peer.bytes.wireSent + peer.bytes.controlSent), formatBytes(peer.bytes.wireReceived + peer.bytes.controlReceived)
    ])
  )
}

function gzipLine ({ bitsPerCharacter, gzipBitsPerCharacter }: FinalReport): string {
  const verdict = bitsPerCharacter < gzipBitsPerCharacter ? 'the model wins' : 'gzip wins'
  return `gzip -9 on the same text: ${formatNumber(gzipBitsPerCharacter, 3)} bits per character; ${verdict}`
}

function byteLines (report: FinalReport): string[] {
  if (report.payloadBytes === 0) return [`sent ${formatBytes(report.wireBytes + report.controlBytes)}; nothing was averaged`]
  const total = report.wireBytes + report.controlBytes
  return [
    `sent ${formatBytes(total)}: payload ${formatBytes(report.payloadBytes)}, on the wire for training ${formatBytes(report.wireBytes)} (${formatBytes(report.wireBytesPerStepAndPeer)} a step and peer), control ${formatBytes(report.controlBytes)}`,
    `fp32 all-reduce every step would have sent ${formatBytes(report.ddpBytes)}: ${formatRatio(report.ddpBytes / report.payloadBytes)} the payload, ${formatRatio(report.ddpBytes / total)} all bytes`
  ]
}
