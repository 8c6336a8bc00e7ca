import { ShoalError } from '../../src/errors.ts'
import { nearest } from '../../src/text/nearest.ts'

/**
 * One of the words that an option takes.
 *
 * @throws ShoalError USAGE for another one
 */
export function choiceOption<Word extends string> (option: string, given: string, words: readonly Word[]): Word {
  return choice({ what: `--${option}`, before: `--${option}`, given, words })
}

/** One of the words that a command's argument takes. @param command that takes it, with `shoal` @throws ShoalError USAGE for another one */
export function choiceArgument<Word extends string> (command: string, argument: string, given: string, words: readonly Word[]): Word {
  return choice({ what: `the ${argument}`, before: command, given, words })
}

interface Choice<Word extends string> {
  readonly what: string
  /** What stands before the word on the command line. */
  readonly before: string
  readonly given: string
  readonly words: readonly Word[]
}

function choice<Word extends string> ({ what, before, given, words }: Choice<Word>): Word {
  const chosen = words.find(word => word === given)
  if (chosen !== undefined) return chosen
  throw new ShoalError({ code: 'USAGE', what: `${what} cannot be ${given}`, why: `it is one of ${words.join(', ')}`, tryThis: `${before} ${nearest(given, words) ?? String(words[0])}` })
}
