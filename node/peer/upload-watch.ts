import { performance } from 'node:perf_hooks'
import { typicalRounds } from '../../src/averaging/arithmetic/payload-size.ts'
import { UploadKeeper } from '../../src/budget/upload-keeper.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { promiseOf } from '../config/promise.ts'
import type { Settings } from '../config/settings.ts'
import type { PeerParts } from './peer-parts.ts'

/** Keeps what the settings promise, by everything that the byte meter has seen leave; undefined where they promise nothing. @throws ShoalError USAGE */
export function uploadKeeper (settings: Settings, method: MethodSpec, { layout, trainer, network }: PeerParts): UploadKeeper | undefined {
  const promise = promiseOf(settings)
  if (promise === undefined) return undefined
  return new UploadKeeper({
    promise,
    ladder: typicalRounds(method, layout, trainer.weights),
    nowMs: () => performance.now(),
    sentBytes: () => {
      const { wireSent, controlSent } = network.meter.totals()
      return wireSent + controlSent
    }
  })
}
