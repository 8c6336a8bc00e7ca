import type { Figures } from '../../../node/metrics/definitions.ts'
import type { RoundRecord } from '../../../src/ports.ts'

export const SELF = '12D3KooWself'
export const OTHER = '12D3KooWother'

export function record (changes: Partial<RoundRecord> = {}): RoundRecord {
  return {
    round: 1, step: 10, members: [SELF, OTHER], outcome: 'averaged', reason: 'averaged with 1 of 1', spread: 0.25, loss: 3.5, waitedMs: 1500,
    payloadBytesSent: 1000, payloadBytesReceived: 900, codecError: 0.01, bitsPerValue: 8.25, ...changes
  }
}

/** Figures of a peer that has averaged once. */
export function figures (changes: Partial<Omit<Figures, 'tally'>> = {}): Omit<Figures, 'tally'> {
  return {
    software: 'shoal/1',
    status: {
      pid: 1, peerId: SELF, run: { id: 'r'.repeat(64), name: 'evening' }, phase: 'training', sentence: 'training to step 20', pausedSinceMs: null, heldOut: null, yardstick: null, step: 10, budgetSteps: 100, round: 1, loss: 3.5, startLoss: 5,
      tokensPerSecond: 1200, lossHistory: [3.5], peers: { present: 3, training: 2 }, lastRound: null,
      bytes: { payloadSent: 1, payloadReceived: 2, wireSent: 3, wireReceived: 4, controlSent: 5, controlReceived: 6 },
      allReduceBytes: 4000, uptimeSeconds: 12.5, eventLoopDelayP99Ms: 7, addresses: [], reach: null, invite: '', backend: 'wasm'
    },
    peers: [{
      peerId: OTHER, round: 1, step: 10, training: true, loss: 4.5, tokensPerSecond: 900, addresses: [], transport: 'tcp', relay: undefined, punched: false, direction: 'inbound', bytesSent: 0, bytesReceived: 0
    }],
    protocols: new Map([['/shoal/exchange/1', { sent: 1234, received: 4321 }]]),
    memory: { rss: 100, heapTotal: 50, heapUsed: 40, external: 30, arrayBuffers: 20 },
    ...changes
  }
}
