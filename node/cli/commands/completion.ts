import { completionScript, completionTree, SHELLS } from '../completion.ts'
import { choiceArgument } from '../choices.ts'
import { action } from '../command.ts'

export const completion = action(async ({ arguments: [shell = ''], options, output, program }) => {
  const chosen = choiceArgument('shoal completion', 'shell', shell, SHELLS)
  const nodes = completionTree(program)
  if (options.json) output.json({ version: 1, commands: nodes })
  else output.text(completionScript(chosen, nodes))
  return Promise.resolve(undefined)
})
