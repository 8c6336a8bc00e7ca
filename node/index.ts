/**
 * One peer in Node: backends that compute, a trainer in a thread of its own, checkpoints on disk, and the whole peer that `shoal join`
 * runs.
 *
 * @module shoal/node
 */
import './polyfills.ts'

// What computes.
export { DEFAULT_COMPUTE, startBackend } from './backends/backend.ts'
export type { Backend, BackendChoice, BackendName, ComputeSettings } from './backends/backend.ts'

// A trainer whose steps never block this thread.
export { TrainerClient } from './trainer-worker/client.ts'
export type { StepProgress, TrainerInit } from './trainer-worker/client.ts'

// Files.
export { prepareDataDirectory, resolveDataDirectory } from './store/data-directory.ts'
export type { DataDirectory } from './store/data-directory.ts'
export { CheckpointFiles, readCheckpoint } from './store/checkpoint-files.ts'
export type { FoundCheckpoint } from './store/checkpoint-files.ts'
export { loadIdentity } from './store/identity.ts'
export type { Identity } from './store/identity.ts'
export { hashCorpus, readCorpus } from './corpus/corpus.ts'

// Settings, by the same precedence as on the command line.
export { ownSettings } from './config/own-settings.ts'
export { defaultSettings } from './config/settings.ts'
export type { Settings } from './config/settings.ts'
export type { LoadedSettings } from './config/load.ts'

// A whole peer, and what it tells.
export { runPeer } from './peer/peer.ts'
export type { PeerOptions } from './peer/peer-parts.ts'
export { findRun, knownRuns, rememberRun } from './peer/run-source.ts'
export type { RunSource } from './peer/run-source.ts'
export { EventLog } from './peer/event-log.ts'
export { openLogger } from './logging/logger.ts'
export type { Logger } from './logging/logger.ts'
export type { ByteTotals, PeerEvent, PeerReport, StampedEvent } from '../src/events.ts'

// Weights that a peer left, and questions to their model.
export { chosenCheckpoint } from './peer/checkpoint-choice.ts'
export type { CheckpointChoice, ChosenCheckpoint } from './peer/checkpoint-choice.ts'
export { openModel } from './peer/open-model.ts'
export type { OpenModel } from './peer/open-model.ts'

// A peer that runs elsewhere on this machine.
export { DaemonClient } from './api/client.ts'
export type { PeersAnswer, Status } from './api/schema.ts'
