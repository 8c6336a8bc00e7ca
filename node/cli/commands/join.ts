import { checkMethod } from '../../../src/averaging/stability.ts'
import { ownSettings } from '../../config/own-settings.ts'
import { openLogger } from '../../logging/logger.ts'
import { EventLog } from '../../peer/event-log.ts'
import { findRun } from '../../peer/run-source.ts'
import { runPeer } from '../../peer/peer.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../store/data-directory.ts'
import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'
import { computeFlags } from '../compute-flags.ts'
import { eventLine } from '../event-lines.ts'
import { gracefulShutdown } from '../graceful-shutdown.ts'
import { numberOption } from '../numbers.ts'
import { softwareVersion } from '../software.ts'

interface JoinOptions {
  readonly config?: string
  readonly listen?: string[]
  readonly bootstrap?: string[]
  readonly backend?: string
  readonly threads?: string
  readonly throttle?: string
  readonly shard?: string
  readonly data?: string[]
  readonly waitFor?: string
  readonly evaluateEvery?: string
  readonly checkpointEverySeconds?: string
  readonly keepCheckpoints?: string
  readonly upload?: string
  readonly bytesPerDay?: string
  readonly api?: string
  readonly logLevel?: string
}

export const join = action<JoinOptions>(async ({ arguments: [word = ''], options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  prepareDataDirectory(directory)
  const { settings, origins } = ownSettings(directory, flagsOf(options), options.config)
  const shutdown = gracefulShutdown({ say: output.message, stopping: 'stopping: finishing the step, saving a checkpoint, saying goodbye' })
  const logger = openLogger(directory.logFile, settings.logLevel)
  const events = new EventLog()
  const theme = createTheme(output.colours)
  events.subscribe(event => {
    logger[event.type === 'progress' ? 'debug' : 'info'](event.type, { event })
    if (options.json) {
      output.json(event)
      return
    }
    const line = eventLine(event, theme)
    if (line !== undefined) output.line(line)
  })
  try {
    const source = await findRun(word, directory, shutdown.signal)
    checkMethod(source.run.manifest.method)
    await runPeer({ directory, source, settings, origins, events, logger, software: `shoal/${softwareVersion()}` }, shutdown.signal)
    return undefined
  } catch (error) {
    if (shutdown.signal.aborted && error === shutdown.signal.reason) return undefined
    throw error
  } finally {
    await logger.close()
    shutdown.release()
  }
})

function flagsOf (options: JoinOptions): Record<string, unknown> {
  const { listen, bootstrap, backend, upload, bytesPerDay, api, logLevel } = options
  const number = (name: string, text: string | undefined, minimum: number): number | undefined => text === undefined ? undefined : numberOption(name, text, { minimum })
  return {
    listen, bootstrap, backend, upload, bytesPerDay, api, logLevel, data: options.data, ...computeFlags(options),
    shard: number('shard', options.shard, 1),
    waitFor: number('wait-for', options.waitFor, 0),
    evaluateEvery: number('evaluate-every', options.evaluateEvery, 0),
    checkpointEverySeconds: number('checkpoint-every-seconds', options.checkpointEverySeconds, 1),
    keepCheckpoints: number('keep-checkpoints', options.keepCheckpoints, 1)
  }
}
