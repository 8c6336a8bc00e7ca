import { isScalarMethod } from '../../src/averaging/any-method.ts'
import type { Settings } from './settings.ts'

/** The run in one line. */
export function describeSettings (settings: Settings): string {
  const length = settings.steps === 0 ? 'until Ctrl-C' : `${settings.steps} steps each`
  const { method } = settings
  const exchange = isScalarMethod(method) ? 'by scalars' : `every ${method.everySteps} steps over ${method.codec}`
  return `${settings.name}: ${settings.peers} peers, ${settings.methodName} ${exchange}, ${settings.model} model, seed ${settings.seed}, ${length}`
}
