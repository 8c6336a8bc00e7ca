import { DaemonClient } from '../../api/client.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { formatNumber } from '../../terminal/units.ts'
import { action } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

export const merge = action(async ({ options, output }) => {
  const answer = await DaemonClient.find(resolveDataDirectory(options.dataDir).root).merge()
  if (options.json) output.json(answer)
  if (answer.merged === null) {
    if (!options.json) output.message('nothing to merge with: nobody else is here')
    // No failure of the peer, but whoever asked for a merged model has none.
    return EXIT.failed
  }
  const { members, step, spread, lossBefore, lossAfter, path } = answer.merged
  if (!options.json) {
    output.line(`merged ${members.length} replicas at step ${step}, apart by ${spread.toExponential(1)} of their size`)
    output.line(`held-out loss  ${formatNumber(lossBefore, 4)} before (this peer’s own), ${formatNumber(lossAfter, 4)} after`)
    output.line(path)
    output.message('this peer trains on from its own weights; shoal sample, eval and export take --checkpoint merged')
  }
  return undefined
})
