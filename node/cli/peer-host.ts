import { basename } from 'node:path'
import { checkAnyMethod } from '../../src/averaging/any-method.ts'
import type { PeerReport, StampedEvent } from '../../src/events.ts'
import type { LoadedSettings } from '../config/load.ts'
import { ownSettings } from '../config/own-settings.ts'
import { openLogger } from '../logging/logger.ts'
import type { Logger } from '../logging/logger.ts'
import { EventLog } from '../peer/event-log.ts'
import { runPeer } from '../peer/peer.ts'
import type { PeerOptions } from '../peer/peer-parts.ts'
import { findRun } from '../peer/run-source.ts'
import type { RunSource } from '../peer/run-source.ts'
import { rememberedAnywhere } from '../store/level-store.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../store/data-directory.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { ScalarFiles } from '../tensorboard/scalar-files.ts'
import { eventLine } from '../terminal/event-lines.ts'
import { createTheme } from '../terminal/theme.ts'
import type { CommonOptions } from './command.ts'
import { gracefulShutdown } from './graceful-shutdown.ts'
import type { Output } from './output.ts'
import { settingFlags } from './peer-options.ts'
import type { PeerCommandOptions } from './peer-options.ts'
import { softwareVersion } from './software.ts'

/** Runs peers in this process, one after the other: tells what they tell, keeps their log, and stops them when a signal asks for it. */
export class PeerHost {
  readonly directory: DataDirectory
  readonly logger: Logger
  /** Aborts when somebody asks this process to stop. */
  readonly signal: AbortSignal
  readonly #loaded: LoadedSettings
  readonly #output: Output
  readonly #json: boolean
  readonly #scalars: ScalarFiles

  private constructor (directory: DataDirectory, loaded: LoadedSettings, logger: Logger, signal: AbortSignal, output: Output, json: boolean, scalars: ScalarFiles) {
    this.directory = directory
    this.logger = logger
    this.signal = signal
    this.#loaded = loaded
    this.#output = output
    this.#json = json
    this.#scalars = scalars
  }

  /** Prepares the data directory, and gives everything back when `use` is done. A stop that was asked for is no failure. @throws ShoalError */
  static async with (options: PeerCommandOptions & CommonOptions, output: Output, use: (host: PeerHost) => Promise<void>): Promise<undefined> {
    const directory = resolveDataDirectory(options.dataDir)
    prepareDataDirectory(directory)
    const loaded = ownSettings(directory, settingFlags(options), options.config)
    const shutdown = gracefulShutdown({ say: output.message, stopping: 'stopping: finishing the step, saving a checkpoint, saying goodbye' })
    const logger = openLogger(directory.logFile, loaded.settings.logLevel)
    const scalars = new ScalarFiles({ tensorboard: options.tensorboard, csv: options.csv, warn: sentence => { logger.warn(sentence); output.message(sentence) } })
    try {
      await use(new PeerHost(directory, loaded, logger, shutdown.signal, output, options.json, scalars))
      return undefined
    } catch (error) {
      if (shutdown.signal.aborted && error === shutdown.signal.reason) return undefined
      throw error
    } finally {
      scalars.close()
      await logger.close()
      shutdown.release()
    }
  }

  /** The run that a word names; its members are looked for where no address leads to them. @throws ShoalError */
  async find (word: string): Promise<RunSource> {
    const { bootstrap } = this.#loaded.settings
    return await findRun(word, this.directory, this.signal, {
      known: async () => [...bootstrap, ...await rememberedAnywhere(this.directory.store)],
      say: this.#output.message
    })
  }

  /** One peer of one run, until its budget is spent or it is stopped. @throws ShoalError */
  async run (source: RunSource, { onEvent, between }: { readonly onEvent?: (event: StampedEvent) => void } & Pick<PeerOptions, 'between'> = {}): Promise<PeerReport> {
    checkAnyMethod(source.run.manifest)
    const events = new EventLog()
    const theme = createTheme(this.#output.colours)
    events.subscribe(event => {
      this.logger[event.type === 'progress' ? 'debug' : 'info'](event.type, { event })
      onEvent?.(event)
      this.#scalars.take(basename(this.directory.root), event)
      const line = this.#json ? JSON.stringify(event) : eventLine(event, theme)
      if (line !== undefined) this.#output.line(line)
    })
    const { settings, origins } = this.#loaded
    return runPeer({ directory: this.directory, source, settings, origins, events, logger: this.logger, software: `shoal/${softwareVersion()}`, between }, this.signal)
  }
}
