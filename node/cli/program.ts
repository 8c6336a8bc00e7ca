import { Command, CommanderError } from 'commander'
import pc from 'picocolors'
import { ShoalError } from '../../src/errors.ts'
import type { CommandModule, CommonOptions, Invocation } from './command.ts'
import { renderError } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { processOutput } from './output.ts'

const EXIT_CODES_HELP = `
Exit codes:
  0 ok · 1 failed · 2 usage or bad config · 3 daemon not reachable · 4 incompatible version or run · 5 timed out
  6 a check or expectation not met · 7 data directory locked · 130/143 forced by a second signal

Settings: flag over SHOAL_* environment over config file over default. SHOAL_HOME moves the data directory.`

export interface ProgramInfo {
  /** How people call it. */
  readonly name: string
  readonly version: string
  readonly description: string
}

/** Runs the command line; returns the exit code. Commands are loaded when they are called. */
export async function runProgram (commands: readonly CommandModule[], given: readonly string[], info: ProgramInfo): Promise<number> {
  const start = given.findIndex(isName)
  const asksForHelp = given[start] === 'help'
  // the library's own help knows one word, and shows the whole list for whatever it does not know
  const words = asksForHelp ? [...given.toSpliced(start, 1), '--help'] : given
  const topic = words.filter(isName)
  if (asksForHelp && !isCommand(topic, commands)) return report(noCommand(topic, commands, info), given)
  let exitCode: number = EXIT.ok
  const program = await createProgram(commands, words, info, async (module, invocation) => {
    const run = await module.load()
    exitCode = await run(invocation as Invocation<never>) ?? EXIT.ok
  })
  try {
    await program.parseAsync([...words], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    if (error instanceof CommanderError && error.code === 'commander.help') return showHelp(program, words)
    return report(error instanceof CommanderError ? usageError(error, words, commands, info) : error, words)
  }
}

type Runner = (module: CommandModule, invocation: Invocation) => Promise<void>

async function createProgram (commands: readonly CommandModule[], words: readonly string[], info: ProgramInfo, run: Runner): Promise<Command> {
  const program = new Command(info.name).description(info.description).version(info.version).enablePositionalOptions()
  declareCommonOptions(program)
  // Every command inherits these: errors come back here and are shown in three lines.
  program.exitOverride().configureOutput({ writeErr: () => undefined })
    // In lists every command would say [options], which says nothing.
    .configureHelp({ subcommandTerm: command => command.name() })
    .helpCommand('help [command]', 'what a command does')
    .addHelpText('after', EXIT_CODES_HELP)
  for (const module of commands) {
    const command = addCommand(program, module, run)
    if (isMeant(module, words)) await module.configure(command)
    declareCommonOptions(command)
  }
  for (const family of program.commands.filter(({ commands: members }) => members.length > 0)) family.summary(family.commands.map(member => member.name()).join(', '))
  return program
}

/** Neither an option nor the value of the one that all commands take: `run` and `create` of `--data-dir ./peer run create`. */
function isName (word: string, index: number, words: readonly string[]): boolean {
  return !word.startsWith('-') && words[index - 1] !== '--data-dir'
}

/** Of whole commands, and of words that several begin with; no word at all is the program's own. */
function isCommand (words: readonly string[], commands: readonly CommandModule[]): boolean {
  return commands.some(({ name }) => `${name} `.startsWith(words.map(word => `${word} `).join('')))
}

function noCommand (words: readonly string[], commands: readonly CommandModule[], { name }: ProgramInfo): ShoalError {
  const family = familyOf(words, commands, name)
  return new ShoalError({ code: 'USAGE', what: `unknown command '${words.join(' ')}'`, why: `${family} has no command of that name`, tryThis: `${family} --help` })
}

/** What stands before a word that no command has: `shoal testnet` of `testnet frobnicate`, `shoal join` of `join shoal1…`. */
function familyOf (words: readonly string[], commands: readonly CommandModule[], program: string): string {
  return isCommand(words, commands) ? [program, ...words].join(' ') : familyOf(words.slice(0, -1), commands, program)
}

/** Others need no options: what declares them may have to load a lot. Completion tells of all. */
function isMeant ({ name }: CommandModule, words: readonly string[]): boolean {
  return (words.includes('completion') && !words.includes('--help')) || name.split(' ').every(word => words.includes(word))
}

function addCommand (program: Command, module: CommandModule, run: Runner): Command {
  const words = module.name.split(' ')
  const parent = words.slice(0, -1).reduce((above, word) => parentCommand(above, word, module.group), program)
  const command = parent.command(words.at(-1) ?? module.name).summary(module.summary).description(module.summary).helpGroup(`${module.group}:`)
  return command
    .addHelpText('after', `\nExample:\n  ${module.example}`)
    .action(async () => {
      const options = optionsOf(command)
      await run(module, { arguments: command.processedArgs.flat().filter((word): word is string => typeof word === 'string'), options, output: processOutput({ colours: options.color }), program })
    })
}

/** Every command takes these, and so does what stands before it: `shoal --json status`. */
function declareCommonOptions (command: Command): Command {
  return command
    .option('--json', 'data as JSON (one document, or one a line for streams)', false)
    .option('--data-dir <directory>', 'data directory (default: SHOAL_HOME, or the system’s place for data)')
    .option('--no-color', 'no colours')
    .option('--verbose', 'show where in the code an error happened', false)
}

/** A command's own options; a common one may have been given further up, and the closest one given counts. */
function optionsOf (command: Command): CommonOptions & Record<string, unknown> {
  const options = command.opts<CommonOptions & Record<string, unknown>>()
  for (let above = command.parent; above !== null; above = above.parent) {
    for (const [name, value] of Object.entries(above.opts<Record<string, unknown>>())) {
      if (above.getOptionValueSource(name) === 'cli' && command.getOptionValueSource(name) !== 'cli') command.setOptionValueWithSource(name, value, 'cli')
    }
  }
  return options
}

function parentCommand (above: Command, word: string, group: string): Command {
  return above.commands.find(command => command.name() === word) ??
    declareCommonOptions(above.command(word).helpGroup(`${group}:`))
}

/** `shoal` or `shoal run` alone asks what there is. */
function showHelp (program: Command, words: readonly string[]): number {
  const family = program.commands.find(command => words.includes(command.name()))
  const asked = family ?? program
  asked.outputHelp()
  return EXIT.ok
}

function usageError (error: CommanderError, words: readonly string[], commands: readonly CommandModule[], { name: program }: ProgramInfo): ShoalError {
  const [what = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  // A value of an option may stand before the command: --data-dir ./peer join.
  const start = words.findIndex(word => commands.some(({ name }) => name.split(' ')[0] === word))
  const asked = familyOf(words.slice(Math.max(0, start)).filter(isName), commands, program)
  const help = `${asked} --help`
  return new ShoalError({
    code: 'USAGE',
    what,
    why: usageReason(error.code, asked),
    tryThis: suggestion === undefined ? help : `${suggestion.replace(/[()]/g, '')} See ${help}`
  })
}

function usageReason (code: string, command: string): string {
  switch (code) {
    case 'commander.unknownCommand': return `${command} has no command of that name`
    case 'commander.missingArgument':
    case 'commander.optionMissingArgument':
    case 'commander.missingMandatoryOptionValue': return `${command} cannot do without it`
    default: return `${command} does not take this`
  }
}

function report (thrown: unknown, words: readonly string[]): number {
  const colours = process.stderr.isTTY && process.env['NO_COLOR'] === undefined && !words.includes('--no-color')
  const { text, exitCode } = renderError(thrown, {
    json: words.includes('--json'),
    verbose: words.includes('--verbose'),
    highlight: text => colours ? pc.red(text) : text
  })
  process.stderr.write(text)
  return exitCode
}
