import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { sharesOf } from '../../src/averaging/arithmetic/method-traits.ts'
import { largestContribution } from '../../src/averaging/arithmetic/payload-size.ts'
import { codecNameOf, isScalarMethod } from '../../src/averaging/any-method.ts'
import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import { ShoalError } from '../../src/errors.ts'
import { formatInvite } from '../../src/manifest/invite.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ScalarLaneSpec } from '../../src/manifest/scalar-lane-schema.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { ModelSpec, RunManifest } from '../../src/manifest/schema.ts'
import { tokensPerStepOf } from '../../src/manifest/tokens.ts'
import { genesisWeights } from '../../src/models/genesis.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { layoutHash } from '../../src/parameters/layout.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import { stepsOf, unitOf } from '../../src/spsa/scalar-methods.ts'
import { ExpectedSpread } from '../../src/transfer/expected-spread.ts'
import { planOf } from '../../src/transfer/method-replicas.ts'
import type { TrainerState } from '../../src/training/trainer-state.ts'
import { MAXIMUM_SNAPSHOT_BYTES } from '../../protocols/wire/limits.ts'
import type { DoorOptions } from '../network/door.ts'
import { SwarmNetwork } from '../network/swarm-network.ts'
import { chosenLane } from '../scalars/lane-choice.ts'
import { openLedger } from '../scalars/stored-ledger.ts'
import { CheckpointFiles } from '../store/checkpoint-files.ts'
import type { Identity } from '../store/identity.ts'
import { LevelStore } from '../store/level-store.ts'
import { computeOf } from '../config/compute.ts'
import { reachOf } from '../config/reach.ts'
import { obtainFiles } from '../data/obtain-files.ts'
import type { RunFiles } from '../data/run-files.ts'
import { startRounds } from '../round-worker/start.ts'
import { PublishedSnapshots } from '../snapshots/published-snapshots.ts'
import { TrainerClient } from '../trainer-worker/client.ts'
import { emulatedStepMs } from '../trainer-worker/emulation.ts'
import { leastStepMs } from '../trainer-worker/pace.ts'
import type { TrainerInit } from '../trainer-worker/client.ts'
import { nothingBetween } from './between.ts'
import type { Closers } from './closers.ts'
import { fetchRunningState } from './join-in-progress.ts'
import { inviteAddresses } from './invite-addresses.ts'
import { keepNetworkKey, networkKeyOf } from './network-key.ts'
import { PauseSwitch } from './pause.ts'
import type { PeerOptions, PeerParts, Serving } from './peer-parts.ts'
import { restoredState } from './restored-state.ts'
import { expertFolder, expertsFolder, mergeFolder, rememberRun, runFolder } from './run-source.ts'
import { Doorkeeper, openRunDoor, rememberPass } from './run-door.ts'
import { openRunFiles } from './run-data.ts'
import { unknownGenesis } from './unknown-genesis.ts'
import { yardstickOf } from './text-figures.ts'
import { loadTrainingData, trainerInput } from './training-data.ts'

/** Opens everything in order of dependence; `closers` closes it in the opposite one. */
export async function openParts (options: PeerOptions, identity: Identity, closers: Closers, signal: AbortSignal): Promise<PeerParts> {
  const { directory, source: { run }, events, settings } = options
  const lane = chosenLane(run.manifest, settings)
  await rememberRun(run, directory)
  await rememberPass(run.runId, options.source.pass, directory)
  if (options.source.networkKey !== undefined) keepNetworkKey(run.runId, options.source.networkKey, directory)
  const warn = (sentence: string): void => { events.emit({ type: 'warning', sentence }) }
  const store = await LevelStore.open(directory.store, run.runId, warn)
  closers.add('store', async () => store.close())
  const layout = boundedLayout(run.manifest.model)
  const files = new CheckpointFiles(runFolder(run.runId, directory), layout, settings.keepCheckpoints)
  const scalars = isScalarMethod(run.manifest.method) ? await openLedger(options, { store, files, method: run.manifest.method, warn }) : undefined
  const checkpoint = scalars === undefined && lane === undefined ? restoredState(files, warn) : undefined
  if (checkpoint !== undefined) checkGenesis(run.manifest, checkpoint.trainer.step, checkpoint.trainer.weights)
  const runFiles = await openRunFiles(options, signal)
  const merges = new CheckpointFiles(mergeFolder(run.runId, directory), layout, 1)
  const serving: Serving = { snapshot: async () => Promise.resolve(undefined), onServed: () => undefined }
  const door = await openRunDoor(run, identity, store.trust(), directory)
  const networkKey = networkKeyOf(run, directory, settings.networkKey)
  const network = await startNetwork({ options, store, identity, layout, serving, runFiles, door, networkKey }, signal)
  closers.add('network', async () => network.stop())
  const say = (sentence: string): void => { events.emit({ type: 'waiting', sentence }) }
  const joining = { network, run: run.manifest, values: layout.size, folder: runFolder(run.runId, directory), events }
  const isNew = checkpoint === undefined && scalars === undefined && lane === undefined
  const bootstrapped = options.source.bootstrap.length + settings.bootstrap.length > 0
  const leaving = new AbortController()
  closers.add('joining', () => { leaving.abort() })
  // The replica comes while the data is prepared and the trainer starts.
  const fetching = isNew && bootstrapped ? fetchRunningState({ ...joining, signal: AbortSignal.any([signal, leaving.signal]) }) : Promise.resolve(undefined)
  const beginning = fetching.then(snapshot => checkpoint?.trainer ?? startOf(run.manifest, { snapshot, scalars, lane, identity }))
  // Told by whoever waits for it.
  beginning.catch(() => undefined)
  await obtainFiles(runFiles, { source: network, say, signal })
  const data = await loadTrainingData(run.manifest, {
    root: directory.root, files: runFiles, peerId: identity.peerId, shardNumber: settings.shard === 0 ? undefined : settings.shard, ownData: settings.data, signal
  })
  const samplingSeed = checkpoint?.samplingSeed ?? samplingSeedOf(run.manifest.seed, data.shardNumber)
  const pretended = emulatedStepMs(run.manifest, process.env)
  if (pretended !== undefined) warn(`this peer only pretends to train: a step takes ${pretended} ms and learns nothing`)
  const trainer = await TrainerClient.start({
    model: run.manifest.model, inner: run.manifest.inner, seed: run.manifest.seed, budgetSteps: run.manifest.budget.steps, compute: computeOf(settings),
    samplingSeed, ...trainerInput(data), ...trainerModeOf(run, lane),
    ...pretended === undefined ? {} : { emulatedStepMs: pretended }, leastStepMs: leastStepMs(process.env)
  }, { signal, state: beginning })
  const snapshot = await fetching
  closers.add('trainer', async () => trainer.close())
  const rounds = lane !== undefined ? undefined : await startRounds(run.manifest, { self: network.self, layout, trainer, state: checkpoint?.averaging, compute: computeOf(settings) }, signal)
  if (rounds !== undefined) closers.add('rounds', async () => rounds.close())
  for (const { name, reason, isFault } of trainer.skippedBackends) if (isFault) warn(`the ${name} backend is skipped: ${reason}`)
  if (checkpoint !== undefined && checkpoint.trainer.step > 0 && checkpoint.kernelVariant !== trainer.kernelVariant) {
    warn(`the checkpoint was computed by ${checkpoint.kernelVariant}, this peer computes with ${trainer.kernelVariant}: it goes on, but not with the same bits`)
  }
  const invite = (): string => formatInvite({ runId: run.runId, addresses: inviteAddresses(network.addresses(), network.connectedPeers()), networkKey })
  const tokensPerStep = tokensPerStepOf(run.manifest)
  // What the trainer went on from is the trainer's by now.
  const goesOnFrom = checkpoint === undefined ? undefined : { step: checkpoint.trainer.step, averaging: checkpoint.averaging, tokens: checkpoint.tokens }
  return {
    layout, store, files, merges, keepExperts: expertKeeper(options, layout), network, trainer, rounds, serving, pause: new PauseSwitch(), between: options.between?.({ seed: samplingSeed, warn }) ?? nothingBetween, yardstick: yardstickOf(data),
    checkpoint: goesOnFrom, snapshot, samplingSeed, tokensPerStep, invite, scalars, joining, replicas: lane === undefined ? replicasOf(options, identity, layout) : undefined, lane, doorkeeper: new Doorkeeper(run, identity, door, network)
  }
}

/** What this peer will give to joiners; nothing in a run that is trained by scalars, whose ledger is the replica. */
function replicasOf ({ source: { run: { runId, manifest: { method } } }, directory }: PeerOptions, identity: Identity, layout: ParameterLayout): PeerParts['replicas'] {
  if (isScalarMethod(method)) return undefined
  const spread = new ExpectedSpread()
  const plan = planOf(method, layout.size)
  const published = new PublishedSnapshots({
    folder: join(runFolder(runId, directory), 'snapshots'), plan, terms: { runId, layoutHash: layoutHash(layout) }, secretKey: identity.secretKey,
    // Gradients are apart by another measure than weights, which their members share.
    expected: () => sharesOf(method) === 'gradients' ? undefined : spread.value, nowMs: () => performance.now()
  })
  return { published, spread, bytes: plan.bytes }
}

/** Those of an earlier merge make room; peers that train apart and merge once have few. */
function expertKeeper ({ source: { run: { runId, manifest } }, directory }: PeerOptions, layout: ParameterLayout): PeerParts['keepExperts'] {
  if (isScalarMethod(manifest.method) || manifest.method.groupSize !== 1) return undefined
  return async experts => {
    await rm(expertsFolder(runId, directory), { recursive: true, force: true })
    for (const expert of experts) await new CheckpointFiles(expertFolder(runId, expert.peerId, directory), layout, 1).write(expert)
  }
}

/**
 * The layout of a model that a peer can hold; a stranger's manifest must not make it allocate what it has not.
 *
 * @throws ShoalError MANIFEST_INVALID
 */
function boundedLayout (model: ModelSpec): ParameterLayout {
  const layout = modelLayout(model)
  if (4 * layout.size <= MAXIMUM_SNAPSHOT_BYTES) return layout
  throw new ShoalError({
    code: 'MANIFEST_INVALID', what: 'the run’s model is too large', why: `it has ${layout.size} parameters, this version takes ${MAXIMUM_SNAPSHOT_BYTES / 4}`,
    tryThis: 'join a run with a smaller model'
  })
}

interface NetworkParts {
  readonly options: PeerOptions
  readonly store: LevelStore
  readonly identity: Identity
  readonly layout: ParameterLayout
  readonly serving: Serving
  readonly runFiles: RunFiles
  readonly door: DoorOptions
  readonly networkKey: Uint8Array | undefined
}

async function startNetwork ({ options, store, identity, layout, serving, runFiles, door, networkKey }: NetworkParts, signal: AbortSignal): Promise<SwarmNetwork> {
  const { source: { run, bootstrap }, settings, events, software } = options
  const { method } = run.manifest
  const network = await SwarmNetwork.start({
    privateKey: identity.privateKey,
    listen: settings.listen,
    bootstrap: [...bootstrap, ...settings.bootstrap],
    rememberedPeers: await store.rememberedAddresses(),
    runId: run.runId,
    layoutHash: layoutHash(layout),
    codec: codecNameOf(method),
    software,
    maximumPayloadBytes: isScalarMethod(method) ? 0 : largestContribution(method, layout),
    manifest: () => run.bytes,
    snapshot: () => serving.snapshot(),
    onServed: peerId => { serving.onServed(peerId) },
    file: async sha256 => await runFiles.open(sha256),
    minimumPeers: Math.max(1, settings.waitFor),
    turning: { seed: run.manifest.seed },
    parameters: layout.size,
    door,
    reach: reachOf(settings, networkKey),
    libp2pMetrics: options.libp2pMetrics
  }, { signal })
  network.onEvent(event => {
    if (event.type === 'peer-joined') store.rememberPeer(event.peerId, event.addresses)
    events.emit(event)
  })
  return network
}

/** What the trainer is asked for besides whole steps. */
function trainerModeOf ({ runId, manifest }: SignedManifest, lane: ScalarLaneSpec | undefined): Pick<TrainerInit, 'gradients' | 'scalars' | 'packs'> {
  const { method } = manifest
  // A scalar peer of a first-order run measures at the weights of others: nothing of its own moves them.
  if (lane !== undefined) return { scalars: { noise: lane.noise } }
  if (isScalarMethod(method)) return scalarModeOf(method, runId, stepsOf(manifest))
  return method.shares === 'gradients' ? { gradients: true } : {}
}

/** Trainers of scalars keep the weights of their run, too. */
function scalarModeOf (method: ScalarSpec, runId: string, steps: number): Pick<TrainerInit, 'scalars' | 'packs'> {
  if (method.kind === 'ferret') return { packs: { method, runId, steps } }
  const settings = { noise: method.noise, sparse: method.sparse, unit: unitOf(method, steps) }
  return method.kind === 'one-byte' ? { scalars: { ...settings, bytes: { method, runId, steps } } } : { scalars: settings, packs: { method, runId, steps } }
}

/** Every shard has batches of its own, and so has every seed. */
function samplingSeedOf (seed: number, shardNumber: number): number {
  return (Math.imul(seed, 0x9e37_79b1) + shardNumber) >>> 0
}

interface Starts extends Pick<PeerParts, 'snapshot' | 'scalars' | 'lane'> {
  readonly identity: Identity
}

/** What the trainer begins with where there is no checkpoint; undefined begins at genesis. @throws ShoalError CHECKPOINT_MISSING */
function startOf (manifest: RunManifest, { snapshot, scalars, lane, identity }: Starts): TrainerState | undefined {
  const start = snapshot ?? scalars?.start
  if (start === undefined && lane === undefined && scalars === undefined && manifest.genesis !== undefined) throw unknownGenesis(manifest)
  return ferretState(manifest, scalars, identity) ?? (start === undefined ? undefined : freshOptimizer(start))
}

/** A peer of Ferret that was here before goes on in its schedule and its batches where its last pack was sent; undefined for all others. */
function ferretState ({ method, model, seed }: RunManifest, scalars: PeerParts['scalars'], { publicKey }: Identity): TrainerState | undefined {
  if (method.kind !== 'ferret' || scalars === undefined) return undefined
  const { loaded: { entries, held }, start } = scalars
  const rounds = entries.filter(({ peer }) => peer === publicKey).length + (held?.heads.find(({ peer }) => peer === publicKey)?.next ?? 0)
  return rounds === 0 ? undefined : freshOptimizer({ step: rounds * method.localSteps, weights: start?.weights ?? genesisWeights(model, seed) })
}

/** A joiner takes over weights and step; its inner optimizer warms up by itself. */
function freshOptimizer ({ step, weights }: Pick<ReplicaSnapshot, 'step' | 'weights'>): TrainerState {
  return { step, weights, firstMoment: new Float32Array(weights.length), secondMoment: new Float32Array(weights.length) }
}
