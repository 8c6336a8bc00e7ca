import { action } from '../../node/cli/command.ts'
import type { Action, CommonOptions } from '../../node/cli/command.ts'
import { EXIT } from '../../node/cli/exit-codes.ts'
import { gracefulShutdown } from '../../node/cli/graceful-shutdown.ts'
import type { Output } from '../../node/cli/output.ts'
import { ScalarFiles } from '../../node/tensorboard/scalar-files.ts'
import { createTheme } from '../../node/terminal/theme.ts'
import type { Verdict } from '../launcher/expectations.ts'
import { runTestnet } from '../launcher/run-testnet.ts'
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
  const viewer = viewerFor(settings, options, output)
  try {
    let verdict: Verdict = { broken: [], unchecked: [] }
    const report = await runTestnet({
      ...settings,
      signal: shutdown.signal,
      onLinks: sentence => { viewer.happened(sentence) },
      onStarted: testnet => { viewer.started(testnet) },
      onEvent: (name, event) => {
        viewer.event(name, event)
        scalars.take(name, event)
      },
      onLost: name => { viewer.lost(name) },
      onVerdict: told => { verdict = told },
      onFault: sentence => { viewer.happened(sentence) },
      onJudging: () => { viewer.close('merging the replicas and measuring on the held-out text …') }
    })
    if (options.json) output.json(report)
    else for (const line of finalLines(report, createTheme(output.colours))) output.line(line)
    for (const sentence of verdict.unchecked) output.message(`not checked here: ${sentence}`)
    // Whoever ends it early has not let it become what it was to become.
    if (verdict.broken.length === 0 || shutdown.signal.aborted) return undefined
    output.message(`${settings.name} did not become what its scenario expects: ${verdict.broken.join('; ')}`)
    return EXIT.expectationNotMet
  } finally {
    viewer.close()
    scalars.close()
    shutdown.release()
  }
}

function viewerFor (settings: Settings, options: CommonOptions, output: Output): SwarmViewer {
  if (options.json) return new SilentView()
  return output.interactive ? new LiveView(settings, output) : new LineView(settings, output)
}
