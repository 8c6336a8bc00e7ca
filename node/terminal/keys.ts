/** Keys that screens know, by name; a letter or sign is its own name. */
export type Key = string

const NAMED: ReadonlyArray<readonly [string, Key]> = [
  ['\u001b[A', 'up'], ['\u001b[B', 'down'], ['\u001b[C', 'right'], ['\u001b[D', 'left'], ['\u001bOA', 'up'], ['\u001bOB', 'down'], ['\u001bOC', 'right'], ['\u001bOD', 'left'],
  ['\u001b[5~', 'page-up'], ['\u001b[6~', 'page-down'], ['\u001b[H', 'home'], ['\u001b[F', 'end'], ['\u001b[1~', 'home'], ['\u001b[4~', 'end'], ['\u001b[Z', 'back-tab'],
  ['\t', 'tab'], ['\r', 'enter'], ['\n', 'enter'], [' ', 'space'], ['\u0003', 'interrupt'], ['\u0004', 'interrupt']
]

const UNKNOWN_SEQUENCE = /^\u001b(?:\[[0-9;?]*[A-Za-z~]|O[A-Za-z])/

/** What a terminal sent, as keys, in order; sequences that no screen knows are passed over. */
export function keysOf (input: string): Key[] {
  const keys: Key[] = []
  let rest = input
  while (rest !== '') {
    const named = NAMED.find(([sequence]) => rest.startsWith(sequence))
    const [letter = ''] = rest
    const length = named?.[0].length ?? UNKNOWN_SEQUENCE.exec(rest)?.[0].length ?? letter.length
    if (named !== undefined) keys.push(named[1])
    else if (letter === '\u001b' && length === 1) keys.push('escape')
    else if (letter > ' ' && letter !== '\u007f') keys.push(letter)
    rest = rest.slice(length)
  }
  return keys
}
