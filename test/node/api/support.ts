import type { PeerView } from '../../../node/api/view.ts'
import type { EventLog } from '../../../node/peer/event-log.ts'
import type { RoundAnswer } from '../../../node/api/schema.ts'

export const noBytes = { payloadSent: 0, payloadReceived: 0, wireSent: 0, wireReceived: 0, controlSent: 0, controlReceived: 0 }

export const exampleStatus: ReturnType<PeerView['status']> = {
  pid: 1, peerId: 'me', run: { id: 'ab', name: 'example' }, phase: 'training', sentence: 'training towards round 1', pausedSinceMs: null, step: 3, budgetSteps: 10, round: 0,
  loss: null, startLoss: 5.5, heldOut: null, yardstick: null, tokensPerSecond: 10, lossHistory: [], peers: { present: 0, training: 0 }, lastRound: null, bytes: noBytes,
  allReduceBytes: 0, uptimeSeconds: 1, eventLoopDelayP99Ms: 1, addresses: [], reach: null, invite: 'shoal1', backend: 'wasm'
}

/** A peer that shows what a test says. */
export function exampleView (events: EventLog, overrides: Partial<PeerView> = {}, rounds: readonly RoundAnswer[] = []): PeerView {
  return {
    status: () => exampleStatus,
    peers: () => ({ connected: [], rejected: [] }),
    rounds: async (since, limit) => Promise.resolve(rounds.filter(({ round }) => round > since).slice(0, limit)),
    bandwidth: () => ({ totals: noBytes, rate: { sentPerSecond: 0, receivedPerSecond: 0 }, promise: '', protocols: [], peers: [] }),
    runs: () => ({ runs: [] }),
    checkpoints: () => ({ checkpoints: [] }),
    config: () => ({ settings: {}, origins: {} }),
    ledger: async () => Promise.resolve({ runId: '', snapshot: null, held: null, entries: '', modelHash: '' }),
    ready: () => ({ ready: true, sentence: 'training towards round 1' }),
    events: async (after, limit) => Promise.resolve(events.since(after ?? 0).slice(0, limit)),
    subscribe: listener => events.subscribe(listener),
    pause: () => 7,
    resume: () => undefined,
    shutdown: () => undefined,
    check: async () => Promise.resolve({ software: 'shoal/1', addresses: [], reach: null, members: [], silent: [], promisedBytesPerSecond: null, roundBytes: null, sentence: '' }),
    merge: async () => Promise.resolve(null),
    forgive: peer => peer,
    revoke: what => [what],
    ...overrides
  }
}
