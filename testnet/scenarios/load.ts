import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse, TomlError } from 'smol-toml'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { describeIssues } from '../../src/manifest/issues.ts'
import { nearest } from '../../src/text/nearest.ts'
import { checkScenario } from './check.ts'
import { scenarioSchema } from './schema.ts'
import type { ScenarioFile } from './schema.ts'

const ENDING = '.toml'
const shipped = fileURLToPath(new URL('files/', import.meta.url))

/** Scenarios that come with Shoal, by name. */
export function scenarioNames (): readonly string[] {
  return readdirSync(shipped).filter(file => file.endsWith(ENDING)).map(file => file.slice(0, -ENDING.length)).sort()
}

/**
 * A scenario that comes with Shoal by its name, or a file by its path, which has a slash in it or ends in `.toml`.
 *
 * @throws ShoalError USAGE for a name that nobody knows, CONFIG_INVALID for a file that cannot be read or used
 */
export function loadScenario (nameOrFile: string): ScenarioFile {
  if (/[\\/]|\.toml$/.test(nameOrFile)) return parseScenario(readText(nameOrFile), nameOrFile)
  const names = scenarioNames()
  if (!names.includes(nameOrFile)) throw unknownScenario(nameOrFile, names)
  return parseScenario(readText(`${shipped}${nameOrFile}${ENDING}`), nameOrFile)
}

/**
 * @param origin what errors call the text
 * @throws ShoalError CONFIG_INVALID naming the key, the line where there is one, and the word that was meant
 */
export function parseScenario (text: string, origin: string): ScenarioFile {
  const values = parseToml(text.replace(/^\uFEFF/, ''), origin)
  const parsed = scenarioSchema.safeParse(values)
  if (!parsed.success) throw invalid(origin, describeIssues(parsed.error, values, scenarioSchema))
  const wrong = checkScenario(parsed.data)
  if (wrong !== undefined) throw invalid(origin, wrong)
  return parsed.data
}

function readText (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw invalid(file, reasonOf(cause), cause)
  }
}

function parseToml (text: string, origin: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    const place = cause instanceof TomlError ? `line ${cause.line}: ` : ''
    throw invalid(origin, `${place}${reasonOf(cause).split('\n')[0] ?? ''}`, cause)
  }
}

function unknownScenario (name: string, names: readonly string[]): ShoalError {
  return new ShoalError({
    code: 'USAGE', what: `there is no scenario ${name.slice(0, 40)}`, why: `this version has ${names.join(', ')}; a file of your own has a slash in its path or ends in ${ENDING}`,
    tryThis: `shoal testnet sim ${nearest(name, names) ?? 'quickstart'}`
  })
}

function invalid (origin: string, why: string, cause?: unknown): ShoalError {
  return new ShoalError({ code: 'CONFIG_INVALID', what: `the scenario ${origin} cannot be used`, why, tryThis: 'shoal testnet ls lists scenarios that work; copy one of their files', cause })
}
