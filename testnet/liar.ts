#!/usr/bin/env node
import '../node/polyfills.ts'
import { choiceOption } from '../node/cli/choices.ts'
import type { Action, CommandModule } from '../node/cli/command.ts'
import { peerCommands } from '../node/cli/commands.ts'
import { joining } from '../node/cli/commands/join.ts'
import { endWithReader } from '../node/cli/output.ts'
import { runProgram } from '../node/cli/program.ts'
import { softwareVersion } from '../node/cli/software.ts'
import { Liar } from './dishonesty/liar.ts'
import { attackSchema } from './scenarios/attacks.ts'

/** As from the repository's folder. */
const PROGRAM = 'node dist/testnet/liar.js'

/** `shoal join`, with a peer that lies at once, or from when the process that started it says so. */
function lying (join: CommandModule): CommandModule {
  return {
    ...join,
    summary: 'join a run of your own and lie to its members, to see what becomes of it', example: `${PROGRAM} join shoal1… --attack nan`,
    configure: async command => {
      await join.configure(command)
      command.option('--attack <kind>', `${attackSchema.options.join(', ')} (default: honest until told otherwise)`)
    },
    load: async () => Promise.resolve(joinAsLiar)
  }
}

const joinAsLiar: Action = async invocation => {
  const { attack } = (invocation as { readonly options: { readonly attack?: string } }).options
  const liar = new Liar(attack === undefined ? undefined : choiceOption('attack', attack, attackSchema.options))
  process.on('message', order => { liar.hear(order) })
  // whoever might still say something keeps no process alive
  process.channel?.unref()
  return joining(liar.between)(invocation)
}

endWithReader()
process.exitCode = await runProgram(peerCommands.filter(({ name }) => name === 'join').map(lying), process.argv.slice(2), {
  name: PROGRAM,
  version: softwareVersion(),
  description: 'A peer that lies, to try what a run of your own withstands.'
})
