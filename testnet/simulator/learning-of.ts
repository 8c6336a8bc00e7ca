import { choiceOption } from '../../node/cli/choices.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import { quadraticLearning } from './play-scenario.ts'
import type { Learning } from './play-scenario.ts'

/** Before the folder of a recording. */
export const REPLAYED = 'replayed:'

/**
 * What trains a simulated swarm, by its name; what is heavy is loaded where it is wanted.
 *
 * @throws ShoalError USAGE for a name that is none, a recording that cannot be replayed, or a scenario that cannot be played with it
 */
export async function learningOf (file: ScenarioFile, training: string): Promise<Learning> {
  if (training.startsWith(REPLAYED)) {
    const [{ loadTraces }, { replayedLearning }] = await Promise.all([import('./training-trace.ts'), import('./replayed-learning.ts')])
    return replayedLearning(file, await loadTraces(training.slice(REPLAYED.length)))
  }
  return choiceOption('training', training, ['quadratic', 'real', `${REPLAYED}FOLDER`]) === 'real' ? (await import('./real-learning.ts')).realLearning(file) : quadraticLearning
}
