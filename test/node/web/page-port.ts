import { pageQuestions } from '../../../node/web/routes.ts'
import { openPagePort } from '../../../node/web/ports.ts'
import type { Port } from '../../../node/web/ports.ts'
import type { Write } from '../../../node/web/sampling.ts'
import { SwarmHistory } from '../../../node/web/swarm-history.ts'
import { idTail } from '../../../src/membership/short-id.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { exampleStatus, exampleView } from '../api/support.ts'
import { record } from '../metrics/support.ts'

export const PEERS = ['12D3KooWQSDt72eRcxunP59JrCC3YhTidv', '12D3KooWDbkn1JBCbFq2mbQa4dbuUReef', '12D3KooWSWsWHVoK4b8b52nLox4MqKelp', '12D3KooWDmb5MD5iuCXeix6AbPB34Gull'] as const
const ROUNDS = 60
/** Rounds of the example are this far apart. */
const ROUND_MS = 4200
const START_MS = 1_700_000_000_000

/** A swarm of four that has met in pairs for a while, the same each time. */
export function exampleHistory (): SwarmHistory {
  const [self, ...others] = PEERS
  let nowMs = START_MS
  const history = new SwarmHistory(self, () => nowMs)
  const wobble = (peer: number, round: number): number => 0.06 * Math.sin(3.1 * peer + 1.7 * round) + 0.04 * Math.sin(0.6 * round * (peer + 1))
  const lossOf = (peer: number, round: number): number => 2.05 + 3.4 * Math.exp(-round / 9) + 0.03 * peer + wobble(peer, round)
  const seen: Array<Parameters<SwarmHistory['look']>[0][number]> = []
  for (let round = 1; round <= ROUNDS; round++) {
    const partner = 1 + round % 3
    const rest = [1, 2, 3].filter(peer => peer !== partner)
    const met = (peer: number): string => peer === partner ? self : PEERS[rest.find(other => other !== peer) ?? 0] ?? self
    for (const [index, peerId] of others.entries()) {
      nowMs += 130 + 60 * index
      const peer = index + 1
      seen[index] = { peerId, round, step: 20 * round, training: true, loss: lossOf(peer, round), tokensPerSecond: 1500 + 100 * peer, met: [idTail(met(peer))] }
      history.look(seen.filter(Boolean))
    }
    nowMs += ROUND_MS - 900
    const isSolo = round % 17 === 0
    history.own(record({
      round, step: 20 * round, outcome: isSolo ? 'solo' : 'averaged', members: isSolo ? [self] : [self, PEERS[partner] ?? self], loss: lossOf(0, round), waitedMs: 200 + 900 * ((round * 7) % 5) / 4,
      reason: isSolo ? 'solo: Reef is 31 s late' : 'averaged with 1 of 1', spread: isSolo ? Number.NaN : 0.012 + 0.05 * Math.exp(-round / 12) + 0.002 * Math.sin(round), codecError: 0.0042 + 0.0006 * Math.sin(round / 5), bitsPerValue: 4.31
    }), 1610)
  }
  return history
}

const exampleBytes = { payloadSent: 6_410_000, payloadReceived: 6_390_000, wireSent: 6_480_000, wireReceived: 6_460_000, controlSent: 212_000, controlReceived: 198_000 }

/** Serves the page of the example swarm on a free port of this machine. */
export async function openExamplePage (dataDirectory: string, write: Write | undefined): Promise<Port> {
  const history = exampleHistory()
  const view = exampleView(new EventLog(), {
    status: () => ({
      ...exampleStatus, peerId: PEERS[0], run: { id: 'f7'.repeat(32), name: 'evening' }, sentence: 'training to step 1220; Reef is next', step: 1203, budgetSteps: 4000, round: ROUNDS, loss: 2.061, startLoss: 5.546,
      lastRound: { ...record({ round: ROUNDS }), members: [PEERS[0], PEERS[1]] }, yardstick: { bitsPerNat: 1.4427, gzipBitsPerCharacter: 2.9 }, tokensPerSecond: 1610, peers: { present: 3, training: 3 }, bytes: exampleBytes, allReduceBytes: 1_590_000_000, uptimeSeconds: 254, backend: 'wasm, SIMD, 2 threads'
    })
  })
  const traffic = new Map([
    ['/shoal/exchange/1', { sent: 6_430_000, received: 6_410_000 }], ['/shoal/state/1', { sent: 882_000, received: 300 }], ['/meshsub/1.2.0', { sent: 96_000, received: 88_000 }],
    ['/shoal/hello/1', { sent: 2_900, received: 2_700 }], ['/ipfs/id/1.0.0', { sent: 1_500, received: 1_500 }]
  ])
  return await openPagePort({ place: '0', dataDirectory }, () => view, pageQuestions({ history: () => history, protocols: () => traffic, write: () => write }))
}
