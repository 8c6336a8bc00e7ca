import { ShoalError } from '../../src/errors.ts'
import { nearest } from '../../src/text/nearest.ts'

/**
 * One of the words that an option takes.
 *
 * @throws ShoalError USAGE for another one
 */
export function choiceOption<Word extends string> (option: string, given: string, words: readonly Word[]): Word {
  const chosen = words.find(word => word === given)
  if (chosen !== undefined) return chosen
  throw new ShoalError({
    code: 'USAGE',
    what: `--${option} cannot be ${given}`,
    why: `it is one of ${words.join(', ')}`,
    tryThis: `--${option} ${nearest(given, words) ?? String(words[0])}`
  })
}
