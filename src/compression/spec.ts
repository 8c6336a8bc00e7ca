/** One stage as written: `topk(0.01,4096)`. */
export interface StageText {
  readonly name: string
  readonly arguments: readonly string[]
}

/** Longest spec: what a manifest and a handshake carry. */
export const LONGEST_SPEC = 200
const STAGE = /^([a-z][a-z0-9]*)(?:\(([a-z0-9., ]*)\))?$/

/**
 * Takes a spec apart: stages between `|`, each a name with arguments in parentheses where it has any.
 *
 * @returns the stages, or a sentence that says what cannot be read
 */
export function parseSpec (spec: string): readonly StageText[] | string {
  if (spec.length > LONGEST_SPEC) return `a spec has at most ${LONGEST_SPEC} characters`
  const stages: StageText[] = []
  for (const text of spec.split('|')) {
    const [, name, list] = STAGE.exec(text.trim()) ?? []
    if (name === undefined) return `"${text.trim()}" is not a name with arguments in parentheses`
    stages.push({ name, arguments: list === undefined ? [] : list.split(',').map(argument => argument.trim()) })
  }
  return stages
}

export function printSpec (stages: readonly StageText[]): string {
  return stages.map(stage => stage.arguments.length === 0 ? stage.name : `${stage.name}(${stage.arguments.join(',')})`).join(' | ')
}
