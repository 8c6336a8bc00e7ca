#!/usr/bin/env node
import '../node/polyfills.ts'
import { peerCommands } from '../node/cli/commands.ts'
import { endWithReader } from '../node/cli/output.ts'
import { runProgram } from '../node/cli/program.ts'
import { softwareVersion } from '../node/cli/software.ts'
import { testnetCommands } from './cli/commands.ts'

endWithReader()
process.exitCode = await runProgram([...peerCommands, ...testnetCommands], process.argv.slice(2), {
  name: 'shoal',
  version: softwareVersion(),
  description: 'Train one model together on ordinary machines, over slow links, without a coordinator.'
})
