import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'
import { counted } from '../../terminal/units.ts'

export const revoke = action(async ({ arguments: [what = ''], options, output }) => {
  const answer = await daemonOf(options).revoke(what)
  if (options.json) output.json(answer)
  else {
    output.line(`revoked ${what}`)
    output.message(`members hear of it at once, others when they are met (${counted(answer.revoked.length, 'revocation')} by this peer so far)`)
  }
  return undefined
})
