import type { StampedEvent } from '../../src/events.ts'
import { isScalarPreset } from '../../src/spsa/scalar-methods.ts'
import { action } from '../../node/cli/command.ts'
import type { Action, CommonOptions } from '../../node/cli/command.ts'
import { EXIT } from '../../node/cli/exit-codes.ts'
import { gracefulShutdown } from '../../node/cli/graceful-shutdown.ts'
import type { Output } from '../../node/cli/output.ts'
import { ScalarFiles } from '../../node/tensorboard/scalar-files.ts'
import { createTheme } from '../../node/terminal/theme.ts'
import { formatNumber } from '../../node/terminal/units.ts'
import { verdictBeside } from '../launcher/expectations.ts'
import type { Verdict } from '../launcher/expectations.ts'
import { runTestnet } from '../launcher/run-testnet.ts'
import { undisturbedTestnet } from '../launcher/undisturbed.ts'
import type { FinalReport } from '../report/final-report.ts'
import { finalLines } from '../report/final-lines.ts'
import { LiveView } from './live-view.ts'
import { LineView } from './line-view.ts'
import { settingsOf } from './settings.ts'
import type { Settings, TestnetCommandOptions } from './settings.ts'
import { SilentView } from './view.ts'
import type { SwarmViewer } from './view.ts'

/** Four peers on two cores evaluate, write and say goodbye at the same time. */
const STOP_LIMIT_MS = 120_000

export const run: Action = action<TestnetCommandOptions>(async ({ arguments: [scenario = ''], options, output }) => command(scenario, options, output))

export const up: Action = action<TestnetCommandOptions>(async ({ arguments: [scenario = ''], options, output }) => command(scenario, { ...options, keep: true }, output))

async function command (scenario: string, options: TestnetCommandOptions & CommonOptions, output: Output): Promise<number | undefined> {
  const settings = settingsOf(scenario, options)
  const scalars = new ScalarFiles({ tensorboard: options.tensorboard, csv: options.csv, warn: output.message })
  const shutdown = gracefulShutdown({ say: output.message, stopping: 'stopping the peers: checkpoints, goodbyes, then the table', limitMs: STOP_LIMIT_MS })
  const watch: Watch = { options, output, signal: shutdown.signal }
  try {
    const { report, verdict } = await play(settings, watch, (name, event) => { scalars.take(name, event) })
    if (!options.json) for (const line of finalLines(report, createTheme(output.colours))) output.line(line)
    const beside = await playUndisturbed(settings, watch)
    if (options.json) output.json({ ...report, ...typeof beside === 'object' ? { undisturbedLoss: beside.evalLoss } : {} })
    else if (typeof beside === 'object') output.line(`undisturbed: ${formatNumber(beside.evalLoss, 4)} nats per token, beside ${formatNumber(report.evalLoss, 4)} of the run above`)
    for (const sentence of [...verdict.unchecked, ...typeof beside === 'string' ? [beside] : []]) output.message(`not checked here: ${sentence}`)
    const broken = [...verdict.broken, ...typeof beside === 'object' ? verdictBeside(settings.expect ?? { allEnd: false }, report, beside) : []]
    // Whoever ends it early has not let it become what it was to become.
    if (broken.length === 0 || shutdown.signal.aborted) return undefined
    output.message(`${settings.name} did not become what its scenario expects: ${broken.join('; ')}`)
    if (verdict.doubt !== undefined) output.message(verdict.doubt)
    return EXIT.expectationNotMet
  } finally {
    scalars.close()
    shutdown.release()
  }
}

interface Watch {
  readonly options: TestnetCommandOptions & CommonOptions
  readonly output: Output
  readonly signal: AbortSignal
}

/** Runs one testnet on the screen. */
async function play (settings: Settings, { options, output, signal }: Watch, onEvent: (name: string, event: StampedEvent) => void): Promise<{ readonly report: FinalReport, readonly verdict: Verdict }> {
  const viewer = viewerFor(settings, options, output)
  let verdict: Verdict = { broken: [], unchecked: [] }
  try {
    const report = await runTestnet({
      ...settings,
      signal,
      onLinks: sentence => { viewer.happened(sentence) },
      onStarted: testnet => { viewer.started(testnet) },
      onEvent: (name, event) => {
        viewer.event(name, event)
        onEvent(name, event)
      },
      onLost: name => { viewer.lost(name) },
      onVerdict: told => { verdict = told },
      onFault: sentence => { viewer.happened(sentence) },
      onJudging: () => { viewer.close(`${isScalarPreset(settings.methodName) ? '' : 'merging the replicas and '}measuring on the held-out text …`) }
    })
    return { report, verdict }
  } finally {
    viewer.close()
  }
}

/** The run that the scenario is compared with: its report, why there is none, or nothing where nothing is compared. */
async function playUndisturbed (settings: Settings, watch: Watch): Promise<FinalReport | string | undefined> {
  const undisturbed = undisturbedTestnet(settings)
  if (undisturbed === undefined) return undefined
  const what = 'the loss beside a run that nothing disturbs'
  const isStopped = (): boolean => watch.signal.aborted
  if (watch.options.alone === true) return `${what}: --alone leaves that run out`
  if (isStopped()) return `${what}: it was not to be begun any more`
  watch.output.message(`now the same with nothing going wrong, to compare the losses (--alone leaves it out): ${undisturbed.root}`)
  const { report, verdict: { broken } } = await play(undisturbed, watch, () => undefined)
  if (isStopped()) return `${what}: it was ended early`
  return broken.length === 0 ? report : `${what}: in that run ${broken.join('; ')}`
}

function viewerFor (settings: Settings, options: CommonOptions, output: Output): SwarmViewer {
  if (options.json) return new SilentView()
  return output.interactive ? new LiveView(settings, output) : new LineView(settings, output)
}
