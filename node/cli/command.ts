import type { Command } from 'commander'
import type { Output } from './output.ts'

/** Options that every command has. */
export interface CommonOptions {
  readonly json: boolean
  readonly verbose: boolean
  readonly color: boolean
  readonly dataDir?: string
}

export interface Invocation<Options = Record<string, unknown>> {
  readonly arguments: readonly string[]
  readonly options: Options & CommonOptions
  readonly output: Output
  /** All commands, for those that tell of them. */
  readonly program: Command
}

/** Does a command's work; returns the exit code when it is not 0. */
export type Action = (invocation: Invocation<never>) => Promise<number | undefined>

export type CommandGroup = 'Start' | 'Watch' | 'Run' | 'Use' | 'Testnet'

/** A command: what help needs at once, and the code that runs it only when it is called. */
export interface CommandModule {
  /** Words of the command, e.g. `run create`. */
  readonly name: string
  readonly summary: string
  readonly group: CommandGroup
  /** A line that works as it stands. */
  readonly example: string
  /** Declares arguments and options; asked only of commands that are called, so it may load what it needs for that. */
  configure (command: Command): void | Promise<void>
  load (): Promise<Action>
}

/** Keeps an action's own option types while commands of all kinds stand in one list. */
export function action<Options> (run: (invocation: Invocation<Options>) => Promise<number | undefined>): Action {
  return run
}
