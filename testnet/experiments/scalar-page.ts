import { scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { liarsSection } from './scalar-liars-page.ts'
import type { LiarFigures } from './scalar-liars.ts'
import type { MemoryRow } from './scalar-memory.ts'
import { crossoverBytes } from './scalar-rebuild.ts'
import type { RebuildFigures } from './scalar-rebuild.ts'
import type { LoopFigures, ResponsivenessFigures } from './scalar-responsiveness.ts'
import type { ScalarSpeed, measurePoolRebuild } from './scalar-speeds.ts'
import type { SwarmFigures } from './scalar-swarms.ts'
import type { WireFigures } from './scalar-wire.ts'

/** All that is measured of scalars besides fine-tuning. */
export interface ScalarFigures {
  readonly speeds: readonly ScalarSpeed[]
  readonly poolRebuild: ReturnType<typeof measurePoolRebuild>
  readonly memory: readonly MemoryRow[]
  readonly swarms: SwarmFigures
  readonly liars: LiarFigures
  readonly liarsOfPairs: LiarFigures
  readonly rebuild: RebuildFigures
  readonly responsiveness: ResponsivenessFigures
  readonly responsivenessFedKSeed: ResponsivenessFigures
  readonly responsivenessFerret: ResponsivenessFigures
  readonly wireOneByte: WireFigures
  readonly wireFedKSeed: WireFigures
  readonly wireFerret: WireFigures
}

const MEGABITS = [1, 10, 100] as const
const BYTES_PER_SECOND_OF_MEGABIT = 125_000
/** What a swarm of eight is held to: wire bytes of a step and peer by one byte, and kilobytes of a round by FedKSeed. */
const [TARGET_BYTES, TARGET_ROUND_KILOBYTES] = [200, 18]

/** The page of results. @param finetuning its last section */
export function scalarPage (setup: string, { speeds, poolRebuild, memory, swarms, liars, liarsOfPairs, rebuild, responsiveness, responsivenessFedKSeed, responsivenessFerret, wireOneByte, wireFedKSeed, wireFerret }: ScalarFigures, finetuning: string): string {
  return `# What the scalar lane costs and learns

Command: \`npm run bench:scalars\` (parts are kept in docs/results/scalars, and what is there is not measured again unless it is named: \`npm run bench:scalars -- wireOneByte\`). Setup: ${setup}, on a machine that did other work too: speeds are those of processor time, which others' work does not count to, with plain copies before and after; delays are ratios in one run.

${speedSection(speeds)}
${memorySection(memory)}
${rebuildSection(rebuild, poolRebuild)}
${wireSection(wireOneByte, wireFedKSeed, wireFerret)}
${responsivenessSection([responsiveness, responsivenessFedKSeed, responsivenessFerret])}
${swarmSection(swarms)}
${liarsSection(liars, liarsOfPairs)}
${finetuning}`
}

function table (rows: ReadonlyArray<readonly [string, string]>): string {
  return `| | |\n|---|---|\n${rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}\n`
}

function speedSection (speeds: readonly ScalarSpeed[]): string {
  return `## Speed

2²⁰ values, one thread, seconds of processor time, the best of several tries; of a pass with many directions, values times directions. The last column says how many plain copies of the same floats take as long.

| | M values/s | copies |
|---|---|---|
${speeds.map(({ what, millionsASecond, copies }) => `| ${what} | ${millionsASecond.toFixed(0)} | ${copies.toFixed(1)} |`).join('\n')}
`
}

function memorySection (rows: readonly MemoryRow[]): string {
  const share = (bytes: number, { inference }: MemoryRow): string => (bytes / inference).toFixed(2)
  return `## Memory

Peak of one pass over two rows of the model's context, in tensors: weights and activations, released stage by stage. Measuring holds θ₀ and makes θ ± ε·z a few rows at a time: the scratch that this takes is told for one token; with a whole batch, sums of partial products hold activations up to three times, too; methods that keep accumulators hold those too, FedKSeed needs them only to be fast. Training is a step of AdamW.

| model | scratch / weights, one token | inference | measuring / inference | with accumulators | training / inference |
|---|---|---|---|---|---|
${rows.map(row => `| ${row.model}, ${(row.parameters / 1e6).toFixed(2)} M | ${(100 * row.scratch / row.weights).toFixed(1)} % | ${(row.inference / 1e6).toFixed(2)} MB | ${share(row.measuring, row)} | ${share(row.measuring + row.accumulators, row)} | ${share(row.training, row)} |`).join('\n')}
`
}

function rebuildSection (rebuild: RebuildFigures, poolRebuild: ScalarFigures['poolRebuild']): string {
  const { parameters, peers, steps, window, ledgerWireBytes, snapshotWireBytes, passSecondsPerByte, verifySecondsPerByte, joinSeconds, same } = rebuild
  const bytes = peers * steps
  const crossovers = MEGABITS.map(megabits => crossoverBytes(rebuild, megabits * BYTES_PER_SECOND_OF_MEGABIT))
  const all = (holds: boolean): string => holds ? 'the same bits' : 'OTHER BITS'
  return `## A joiner's rebuild

${peers} peers took ${steps} steps each: ${bytes} bytes in signed packs of ${window}, which lie in the Level store of a member. A joiner with an empty store asks for them over real streams on loopback, checks them, keeps them and makes ${(parameters / 1e6).toFixed(1)} M weights from θ₀. A snapshot is cheaper after the steps at which fetching and replaying takes longer than fetching ${(snapshotWireBytes / 1e6).toFixed(1)} MB: downloads wait for the link, replaying for one processor of this machine.

${table([
  ['the joiner’s weights and the member’s', all(same.joined)],
  ['those of the joiner’s store, opened again', all(same.stored)],
  ['those of a snapshot from the member', all(same.downloaded)],
  ['a pass of one byte over all weights', `${(1000 * passSecondsPerByte).toFixed(2)} ms: ${(1 / passSecondsPerByte).toFixed(0)} bytes a second, ${(parameters / passSecondsPerByte / 1e6).toFixed(0)} M weights a second`],
  ['checking its share of a signature', `${(1e6 * verifySecondsPerByte).toFixed(0)} µs`],
  ['the ledger on the wire', `${(ledgerWireBytes / 1000).toFixed(1)} kB: ${(ledgerWireBytes / bytes).toFixed(1)} for each byte`],
  ['a snapshot on the wire', `${(snapshotWireBytes / 1e6).toFixed(2)} MB`],
  ['from the question to the last weight, both peers in one process', `${joinSeconds.toFixed(1)} s`],
  [`a snapshot is cheaper after, at ${MEGABITS.join(' · ')} Mbit/s`, `${crossovers.map(crossover => (crossover / peers).toFixed(0)).join(' · ')} steps of ${peers} peers (${crossovers.map(crossover => crossover.toFixed(0)).join(' · ')} bytes)`],
  [`FedKSeed: 2²⁰ weights from θ₀ and ${poolRebuild.poolSize} numbers, one pass`, `${poolRebuild.seconds.toFixed(2)} s of processor time, ${poolRebuild.sameBits ? 'the same bits as every step one by one' : 'OTHER BITS'}`]
])}`
}

function wireSection (bytes: WireFigures, pool: WireFigures, ferret: WireFigures): string {
  const rows = [bytes, pool, ferret]
  const stepOf = ({ perStep }: WireFigures): number => perStep.wire + perStep.control
  const verdict = (isKept: boolean): string => isKept ? 'kept' : 'missed'
  const protocols = rows.flatMap(({ method, protocols: told }) => told.filter(({ perStep, idlePerSecond }) => perStep + idlePerSecond >= 0.05)
    .map(({ protocol, perStep, idlePerSecond }) => `| ${method} | \`${protocol}\` | ${perStep.toFixed(1)} | ${idlePerSecond.toFixed(1)} |`))
  return `## On the wire, in eight processes

${bytes.peers} real daemons on loopback, each a process of its own, started by the testnet's launcher; the weights of tiny with a context of 16. Counted by their byte meters at the sockets, noise, yamux and all protocols included, TCP/IP headers excluded: sent, a step and peer, while all train, and then a second and peer while training rests (\`shoal pause\`). Payload is the scalars themselves, once a receiver; wire is what the protocols of training sent, control all others.

| | steps of a pack | steps counted | payload a step | wire a step | control a step | all a step | all a round | idle: wire, B/s | idle: control, B/s |
|---|---|---|---|---|---|---|---|---|---|
${rows.map(row => `| ${row.method} | ${row.stepsARound} | ${row.steps} | ${row.perStep.payload.toFixed(1)} | ${row.perStep.wire.toFixed(1)} | ${row.perStep.control.toFixed(1)} | ${stepOf(row).toFixed(1)} | ${(stepOf(row) * row.stepsARound / 1000).toFixed(2)} kB | ${row.idlePerSecond.wire.toFixed(1)} | ${row.idlePerSecond.control.toFixed(1)} |`).join('\n')}

At most ${TARGET_BYTES} bytes a step and peer by one byte, everything included: ${verdict(stepOf(bytes) <= TARGET_BYTES)}. At most ${TARGET_ROUND_KILOBYTES} kB a round by FedKSeed: ${verdict(stepOf(pool) * pool.stepsARound <= 1000 * TARGET_ROUND_KILOBYTES)}. Packing adds a delay: a scalar is applied up to ${scalarPresets['one-byte'].window - 1} steps after it was measured, so that all ${8 * scalarPresets['one-byte'].window} directions of a window are measured at one θ.

By protocol, bytes of streams without what noise and yamux add:

| | protocol | sent a step and peer | idle, B/s |
|---|---|---|---|
${protocols.join('\n')}
`
}

function responsivenessSection (of: readonly [ResponsivenessFigures, ResponsivenessFigures, ResponsivenessFigures]): string {
  const [bytes, pool, ferret] = of
  return `## The daemon's thread

${(bytes.parameters / 1e6).toFixed(2)} M weights are moved by what seven others send in a window or round, and hashed as they were four before; ${bytes.windows} of them, each first on the thread that asks and then, from the same packs, in the trainer's thread: ${of.every(({ same }) => same) ? 'the same bits' : 'OTHER BITS'}. What the asking thread goes through meanwhile:

${loopTable('one-byte', bytes)}
${loopTable('fedkseed', pool)}
${loopTable('ferret, whose peer also tells its own move as coordinates and takes up the common weights,', ferret)}`
}

function loopTable (name: string, { bytesAWindow, onThisThread, inTheTrainersThread }: ResponsivenessFigures): string {
  const row = (what: string, of: (figures: LoopFigures) => number | null): string => {
    const [before, after] = [of(onThisThread), of(inTheTrainersThread)]
    return `| ${what} | ${before?.toFixed(1) ?? '–'} ms | ${after?.toFixed(1) ?? '–'} ms | ${before === null || after === null ? '–' : (before / after).toFixed(1)} |`
  }
  return `| ${name} ${bytesAWindow} scalars | on this thread | in the trainer's | ratio |
|---|---|---|---|
${[
  row('longest that it computed without a turn for anything else', ({ longestComputedMs }) => longestComputedMs),
  row('longest delay of a timer, other processes’ turns included', ({ longestDelayMs }) => longestDelayMs),
  row('delay of a timer, 99th percentile', ({ p99DelayMs }) => p99DelayMs),
  row('from the packs to the answer, median', ({ moveMs }) => moveMs),
  row('from the question for a hash to the answer, median', ({ hashMs }) => hashMs)
].join('\n')}
`
}

function swarmSection ({ theoryRatio, bytesPerStepAndPeer, distinctModels, losses }: SwarmFigures): string {
  return `## Swarms

In virtual time, one seed each.

${table([
  ['bytes of frames a step and peer, 8 peers, packs of 16', bytesPerStepAndPeer.calm.toFixed(0)],
  ['the same, with 20 % lost, 20 % repeated, delays up to 2 s', bytesPerStepAndPeer.rough.toFixed(0)],
  ['distinct models among 8 peers at the end: calm · rough · with liars', `${distinctModels.calm} · ${distinctModels.rough} · ${distinctModels.lied}`],
  ['quadratic, d = 64: loss after six windows over the derived one', theoryRatio.toFixed(2)],
  ['logistic regression, held-out nats: start · floor (the true model)', `${losses.start.toFixed(3)} · ${losses.floor.toFixed(3)}`],
  ['8 honest peers, 512 steps', losses.honest.toFixed(3)],
  ['2 of 8 send the largest byte against what they measured, clipped at the last window’s median', losses.lied.toFixed(3)],
  ['the same, not clipped', Number.isFinite(losses.unclipped) ? losses.unclipped.toFixed(3) : 'diverged']
])}
Frames are those of packs, checks and inquiries, not the transport's encryption and stream headers.
`
}
