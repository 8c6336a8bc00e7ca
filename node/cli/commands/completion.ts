import { completionScript, completionTree, SHELLS } from '../completion.ts'
import { choiceOption } from '../choices.ts'
import { action } from '../command.ts'

export const completion = action(async ({ arguments: [shell = ''], options, output, program }) => {
  const chosen = choiceOption('shell', shell, SHELLS)
  const nodes = completionTree(program)
  if (options.json) output.json({ version: 1, commands: nodes })
  else output.text(completionScript(chosen, nodes))
  return Promise.resolve(undefined)
})
