import { performance } from 'node:perf_hooks'
import type { PeerReport } from '../../src/events.ts'
import { startApiServer } from '../api/server.ts'
import { recordEvents } from '../recording/event-recorder.ts'
import { loadIdentity } from '../store/identity.ts'
import { acquireLock } from '../store/lock.ts'
import { Closers } from './closers.ts'
import { Observation, openPorts } from './observation.ts'
import { openParts } from './open-parts.ts'
import type { PeerOptions } from './peer-parts.ts'
import { PeerReporter } from './peer-reporter.ts'
import { peerView, startingView } from './peer-view.ts'
import { eventFolder } from './run-source.ts'
import { LaneSession } from '../scalars/lane-session.ts'
import { openScalarSession } from '../scalars/open-session.ts'
import type { ScalarSession } from '../scalars/session.ts'
import type { Identity } from '../store/identity.ts'
import type { PeerParts } from './peer-parts.ts'
import { withoutLedger } from '../scalars/scalar-errors.ts'
import { Session } from './session.ts'

/**
 * Runs one peer of one run until its budget is spent or `signal` aborts; then it checkpoints, says goodbye and closes
 * everything it opened, the lock last. Resolves with what it did; an abort before training began rejects with the
 * signal's reason.
 *
 * @throws ShoalError of every kind that opening data, stores, network and trainer can meet, and TRAINER_FAILED
 */
export async function runPeer (options: PeerOptions, signal: AbortSignal): Promise<PeerReport> {
  const { directory, source, settings, events, software, logger } = options
  const closers = new Closers()
  const ownStop = new AbortController()
  const stop = AbortSignal.any([signal, ownStop.signal])
  const shutdown = (): void => { ownStop.abort(new Error('stopped by shoal stop')) }
  try {
    const lock = acquireLock(directory.lockFile)
    closers.add('lock', () => { lock.release() })
    const recorder = recordEvents(eventFolder(source.run.runId, directory), events)
    closers.add('recording', recorder.stop)
    const identity = await loadIdentity(directory.identityFile)
    const reporter = new PeerReporter(performance.now())
    closers.add('measurements', () => { reporter.close() })
    const shown = { view: startingView({ ...options, peerId: identity.peerId, reporter, shutdown }) }
    const observation = new Observation({ peer: options, peerId: identity.peerId, view: () => shown.view })
    closers.add('observation', () => { observation.close() })
    const api = await startApiServer({ view: () => shown.view, routes: observation.routes, dataDirectory: directory.root, listen: settings.api, software, startedAtMs: Date.now() })
    closers.add('API', async () => api.close())
    for (const port of await openPorts({ settings, dataDirectory: directory.root, view: () => shown.view, observation })) {
      closers.add(port.what, async () => port.close())
      events.emit({ type: 'serving', what: port.what, url: port.url, needsToken: port.needsToken })
    }
    const parts = await openParts({ ...options, libp2pMetrics: observation.metrics.libp2p }, identity, closers, stop)
    observation.attach(parts)
    reporter.watch(() => parts.network.meter.totals())
    const session = openSession(options, identity, parts, reporter)
    shown.view = peerView({
      ...options, ...parts, reporter, peerId: identity.peerId, averaging: session instanceof Session ? session.averaging : session, shutdown, merge: async () => session.mergeNow(stop),
      ledger: async () => session instanceof Session ? Promise.reject(withoutLedger(source.run.manifest)) : session.ledger()
    })
    return await session.run(stop)
  } finally {
    for (const failure of await closers.closeAll()) logger.warn(failure)
  }
}

function openSession (options: PeerOptions, identity: Identity, parts: PeerParts, reporter: PeerReporter): Session | ScalarSession | LaneSession {
  if (parts.lane !== undefined) return new LaneSession(options, parts.lane, identity.secretKey, parts, reporter)
  return openScalarSession(options, identity, parts, reporter) ?? new Session(options, parts, reporter)
}
