import type { Settings } from './settings.ts'

/** The run in one line. */
export function describeSettings (settings: Settings): string {
  const length = settings.steps === 0 ? 'until Ctrl-C' : `${settings.steps} steps each`
  return `${settings.name}: ${settings.peers} peers, ${settings.methodName} every ${settings.method.everySteps} steps over ${settings.method.codec}, ${settings.model} model, seed ${settings.seed}, ${length}`
}
