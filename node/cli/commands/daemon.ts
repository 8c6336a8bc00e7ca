import { ShoalError } from '../../../src/errors.ts'
import type { SignedManifest } from '../../../src/manifest/manifest.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { knownRuns, runFolder } from '../../peer/run-source.ts'
import type { RunSource } from '../../peer/run-source.ts'
import { CheckpointFiles } from '../../store/checkpoint-files.ts'
import type { DataDirectory } from '../../store/data-directory.ts'
import { action } from '../command.ts'
import { PeerHost } from '../peer-host.ts'
import type { PeerCommandOptions } from '../peer-options.ts'
import { ServiceManager } from '../service-manager.ts'

export const daemon = action<PeerCommandOptions>(async ({ arguments: [word], options, output }) => PeerHost.with(options, output, async host => {
  const warn = (sentence: string): void => { host.logger.warn(sentence) }
  const service = new ServiceManager(process.env, warn)
  host.signal.addEventListener('abort', () => { service.stopping() }, { once: true })
  try {
    const sources = word === undefined ? unfinishedRuns(host.directory, warn) : [await host.find(word)]
    for (const source of sources) {
      if (host.signal.aborted) break
      await host.run(source, { onEvent: event => {
        if (event.type === 'waiting') service.tell(event.sentence)
        if (event.type === 'started') service.ready(`run ${event.runName}, step ${event.step}`)
        if (event.type === 'round') service.tell(`round ${event.record.round}: ${event.record.reason}`)
      } })
    }
  } finally {
    await service.close()
  }
}))

/** The runs whose budget is not spent here, the one last worked on first. @throws ShoalError USAGE where there is none */
function unfinishedRuns (directory: DataDirectory, warn: (sentence: string) => void): RunSource[] {
  const known = knownRuns(directory, warn)
  const unfinished = known.filter(run => !isSpent(run, directory))
  if (unfinished.length > 0) return unfinished.map(run => ({ run, bootstrap: [] }))
  throw new ShoalError({
    code: 'USAGE', what: 'there is no run to go on with', tryThis: 'shoal join <invite> once, or shoal daemon <invite>: from then on shoal daemon goes on with it',
    why: known.length === 0 ? `no run is known in ${directory.root}` : `the budget of all ${known.length} runs that are known is spent`
  })
}

function isSpent ({ runId, manifest }: SignedManifest, directory: DataDirectory): boolean {
  const [newest] = new CheckpointFiles(runFolder(runId, directory), modelLayout(manifest.model)).list()
  return manifest.budget.steps > 0 && newest !== undefined && newest.step >= manifest.budget.steps
}
