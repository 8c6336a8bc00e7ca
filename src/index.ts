/**
 * Shoal as a library: what a peer computes and decides, without sockets, files, processes or clocks. It runs in Node and in a
 * browser. Tensors need a running tfjs backend with Shoal's kernels; in Node `startBackend` of `shoal/node` starts one.
 *
 * @module shoal
 */

// Errors: what, why, and what to try.
export { ShoalError, reasonOf } from './errors.ts'
export type { ErrorCode, ErrorParts } from './errors.ts'

// Runs: a signed manifest says everything that peers have to agree on.
export { draftInner, draftManifest, MODEL_SIZES, modelOfSize } from './manifest/draft.ts'
export type { InnerChoices, RunChoices } from './manifest/draft.ts'
export { openManifest, parseManifest, shortRunId, signManifest } from './manifest/manifest.ts'
export type { SignedManifest } from './manifest/manifest.ts'
export { formatInvite, parseInvite } from './manifest/invite.ts'
export type { Invite } from './manifest/invite.ts'
export { checkGenesis, genesisHash } from './manifest/genesis-hash.ts'
export type {
  CnnSpec, DataSpec, GptSpec, InnerSpec, LlamaSpec, MethodSpec, MlpSpec, ModelSpec, OuterSpec, RunManifest, TokenizerSpec
} from './manifest/schema.ts'

// Models: pure functions over tensors, weights as one flat vector.
export { createModel } from './models/model.ts'
export type { Model } from './models/model.ts'
export { modelLayout, parameterCount } from './models/model-layout.ts'
export { genesisWeights } from './models/genesis.ts'
export { layoutHash, viewOf } from './parameters/layout.ts'
export type { ParameterLayout, TensorSlot } from './parameters/layout.ts'
export { consensusDistance, meanOfReplicas } from './parameters/consensus.ts'

// Data: batches that depend on seed, shard and step alone.
export { createBatchSampler, createExampleSampler } from './data/batch-sampler.ts'
export type { Batch, BatchSampler } from './data/batch.ts'
export type { Examples, TokenIds } from './data/sources.ts'
export { heldOutExcerpt, splitDocuments } from './data/documents.ts'
export type { Document, SplitCorpus } from './data/documents.ts'
export { decodeBytes, encodeBytes } from './data/byte-tokenizer.ts'
export { readTokenizer } from './data/tokenizers/tokenizer-file.ts'
export type { Tokenizer } from './data/tokenizers/tokenizer.ts'

// Training: inner steps, evaluation, text.
export { createReplica } from './training/replica.ts'
export type { Replica, ReplicaInit, StepOutcome } from './training/replica.ts'
export { genesisState } from './training/trainer-state.ts'
export type { TrainerState } from './training/trainer-state.ts'
export { innerLoop } from './training/inner-loop.ts'
export type { InnerLoop, TrainingEvent } from './training/inner-loop.ts'
export { evaluate, evaluationExamples, evaluationWindows, perplexityOf } from './training/evaluation.ts'
export { memoryWarning, trainingBytes } from './training/memory-estimate.ts'
export { evaluationLimits } from './training/evaluation-limits.ts'
export type { EvaluationLimits } from './training/evaluation-limits.ts'
export type { Evaluation } from './training/evaluation.ts'
export { createEnsembleDecoder, evaluateEnsemble, Mixture } from './training/ensemble.ts'
export type { EnsembleEvaluation, EnsembleRule } from './training/ensemble.ts'
export { sampleText, writeText } from './training/text-sampling.ts'
export type { SamplingOptions, TextRequest } from './training/text-sampling.ts'

// Codecs: fewer bits a value.
export { codecExamples, createCodec } from './compression/codec.ts'
export type { Codec } from './compression/codec.ts'
export { codecViolations } from './compression/compliance.ts'
export type { CodecPromise } from './compression/compliance.ts'
export { equalSlope, operatingPoints } from './compression/rate-control.ts'
export type { OperatingPoint } from './compression/rate-control.ts'
export { waterFilling } from './compression/water-filling.ts'
export type { TensorMoments } from './compression/water-filling.ts'
export { createReferencedCodec, isReferenced } from './compression/referenced-codec.ts'
export type { ReferencedCodec, ReferencedReceiver, ReferencedSender } from './compression/referenced-codec.ts'
export { initialSpreads, learnedSpreads } from './compression/spreads.ts'
export { estimatesOf, keepHeavyHitters, sketchOf } from './compression/sketch.ts'
export type { SketchShape } from './compression/sketch.ts'

// Averaging: rounds as a state machine over four ports.
export { AveragingPeer } from './averaging/averaging-peer.ts'
export type { AveragingEvent, AveragingPeerOptions } from './averaging/averaging-peer.ts'
export { RoundWork, workOn } from './averaging/round-work.ts'
export type { RoundAnswers, RoundResult, RoundTask, RoundWorker } from './averaging/round-worker.ts'
export type { AveragingState, AveragingTotals, ReplicaSnapshot } from './averaging/averaging-state.ts'
export { FrameReplica } from './averaging/frame-replica.ts'
export type { FrameReplicaOptions } from './averaging/frame-replica.ts'
export { methodPreset, presetNames } from './averaging/methods.ts'
export { checkMethod } from './averaging/stability.ts'
export { mergeByLabel, mergeReplicas } from './parameters/merge.ts'
export type { MergeInput, Merged } from './parameters/merge.ts'
export type { Clock, Exchange, ExchangeEvents, ExchangeMessage, Peers, PresentPeer, Progress, RoundRecord, Store, Trainer, TrainingOutcome } from './ports.ts'

// Scalars: directions from seeds, forward passes along them, methods that send single numbers.
export { noiseOf } from './spsa/noise.ts'
export type { Contribution, Noise, NoiseKind, Seed } from './spsa/noise.ts'
export { blockNoise, sparseNoise } from './spsa/masked-noise.ts'
export { heldWeights, perturbed, readAll } from './spsa/weight-source.ts'
export type { WeightSource } from './spsa/weight-source.ts'
export { adaptedWeights, adaptersOf, startAdapters } from './spsa/low-rank-weights.ts'
export type { Adapters } from './spsa/low-rank-weights.ts'
export { directionLosses } from './spsa/direction-losses.ts'
export type { DirectionLosses, Measuring } from './spsa/direction-losses.ts'
export { ScalarDescent } from './spsa/scalar-descent.ts'
export type { DescentRules } from './spsa/scalar-descent.ts'
export { momentumShares } from './spsa/momentum.ts'
export { scheduleOf } from './spsa/schedules.ts'
export type { Decay, Schedule, ScheduleSpec } from './spsa/schedules.ts'
export { encodeHalf, halfDifference } from './spsa/half-loss.ts'
export type { Told } from './spsa/half-loss.ts'
export { PairFormer } from './spsa/pair-former.ts'
export type { PairRules, Unpaired } from './spsa/pair-former.ts'
export { KSeedPeer } from './spsa/k-seed-peer.ts'
export type { KSeedPorts, KSeedRules } from './spsa/k-seed-peer.ts'
export { FerretPeer, evenBlocks } from './spsa/ferret-peer.ts'
export type { FerretPorts, FerretRules } from './spsa/ferret-peer.ts'
export { PackModel } from './spsa/pack-model.ts'
export type { Move, Pack, PackModelRules } from './spsa/pack-model.ts'
export type { PackPlayer, PackPorts, PackReport } from './spsa/pack-player.ts'
export { scalarCodec } from './spsa/scalar-codec.ts'
export type { ScalarCodec } from './spsa/scalar-codec.ts'
export { epsilonOf, privateScalar, renyiDivergence } from './spsa/privacy.ts'
export type { Disclosures, PrivacyRules } from './spsa/privacy.ts'
export type { Direction, ScalarOutcome, ScalarRequest, ScalarSteps } from './ports.ts'

// Checkpoints and other people's layouts: safetensors in, safetensors out.
export { decodeCheckpoint, encodeCheckpoint } from './checkpoint/checkpoint.ts'
export type { Checkpoint, CheckpointMoment } from './checkpoint/checkpoint.ts'
export { decodeSafetensors, encodeSafetensors } from './checkpoint/safetensors.ts'
export type { DecodedTensorFile, TensorFile } from './checkpoint/safetensors.ts'
export { exportModel } from './interop/export-model.ts'
export { importModel } from './interop/import-model.ts'
export type { ImportedModel } from './interop/import-model.ts'
export type { ForeignFormat } from './interop/formats.ts'
export { huggingFaceConfig, specOfConfig } from './interop/hugging-face-config.ts'
