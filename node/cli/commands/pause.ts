import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'

export const pause = action(async ({ options, output }) => {
  const answer = await daemonOf(options).pause()
  if (options.json) output.json(answer)
  else {
    output.line('paused after the step under way')
    output.message('the peer stays in the run and the others go on; shoal resume goes on here')
  }
  return undefined
})

export const resume = action(async ({ options, output }) => {
  const answer = await daemonOf(options).resume()
  if (options.json) output.json(answer)
  else output.line('training goes on')
  return undefined
})
