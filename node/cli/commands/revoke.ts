import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'

export const revoke = action(async ({ arguments: [what = ''], options, output }) => {
  const answer = await daemonOf(options).revoke(what)
  if (options.json) output.json(answer)
  else {
    output.line(`revoked ${what}`)
    output.message(`${answer.revoked.length} in this peer’s list; members hear of it at once, others when they are met`)
  }
  return undefined
})
