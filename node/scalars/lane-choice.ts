import { isScalarMethod } from '../../src/averaging/any-method.ts'
import { ShoalError } from '../../src/errors.ts'
import type { ScalarLaneSpec } from '../../src/manifest/scalar-lane-schema.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { laneMisfit, scalarLanePreset } from '../../src/spsa/lanes/lane-rules.ts'
import { promiseOf } from '../config/promise.ts'
import type { Settings } from '../config/settings.ts'

/**
 * The scalar lane of a run, where this peer is to take it; undefined for one that trains.
 *
 * @throws ShoalError METHOD_UNSUPPORTED where the run has none, with the rule where it cannot have one, and where a promise about the uplink was made
 */
export function chosenLane ({ name, method }: Pick<RunManifest, 'name' | 'method'>, settings: Pick<Settings, 'lane' | 'upload' | 'bytesPerDay'>): ScalarLaneSpec | undefined {
  if (settings.lane !== 'scalars') return undefined
  if (isScalarMethod(method)) throw noLane(name, `all peers of ${method.kind} send scalars`, 'join without --lane')
  if (method.scalarLane === undefined) {
    const misfit = laneMisfit({ ...method, scalarLane: scalarLanePreset })
    throw noLane(name, misfit ?? 'its manifest hears nobody but those who train', misfit === undefined ? 'shoal run create --method diloco --scalar-lane makes a run that has one' : 'join without --lane')
  }
  if (promiseOf(settings) !== undefined) throw promiseInVain()
  return method.scalarLane
}

function noLane (run: string, why: string, tryThis: string): ShoalError {
  return new ShoalError({ code: 'METHOD_UNSUPPORTED', what: `run ${run} has no scalar lane`, why, tryThis })
}

/** Rounds are thinned out to keep a promise, and a scalar peer averages nothing. */
function promiseInVain (): ShoalError {
  return new ShoalError({
    code: 'METHOD_UNSUPPORTED', what: 'no promise about the uplink can be kept in the scalar lane', why: 'promises are kept by averaging less, and a scalar peer averages nothing',
    tryThis: 'join without --upload and --bytes-per-day: a round of the lane is a few hundred bytes to each peer that trains'
  })
}
