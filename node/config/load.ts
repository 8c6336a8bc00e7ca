import { readFileSync } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { describeIssues } from '../../src/manifest/issues.ts'
import { defaultSettings, environmentName, settingsSchema } from './settings.ts'
import type { SettingName, Settings } from './settings.ts'

export type Origin = 'flag' | 'environment' | 'file' | 'default'

export interface LoadedSettings {
  readonly settings: Settings
  /** Where each value comes from. */
  readonly origins: Readonly<Record<SettingName, Origin>>
}

export interface SettingSources {
  /** Values given on the command line; undefined ones are not given. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file: string
  /** A file that was named on the command line has to exist; the one of the data directory need not. */
  readonly fileRequired: boolean
}

const names = Object.keys(settingsSchema.shape) as readonly SettingName[]

/**
 * The settings by precedence: flag over environment over file over default.
 *
 * @throws ShoalError CONFIG_INVALID naming the key, the line where there is one, and the key that was meant
 */
export function loadSettings (sources: SettingSources): LoadedSettings {
  const file = readFile(sources)
  const environment = readEnvironment(sources.environment)
  const origins = Object.fromEntries(names.map(name => [name, originOf(name, sources.flags, environment, file)])) as Record<SettingName, Origin>
  const values = { flag: sources.flags, environment, file, default: defaultSettings } as const
  const merged = Object.fromEntries(names.map(name => [name, (values[origins[name]] as Record<string, unknown>)[name]]))
  const parsed = settingsSchema.safeParse(merged)
  if (parsed.success) return { settings: parsed.data, origins }
  const name = String(parsed.error.issues[0]?.path[0] ?? '') as SettingName
  throw invalid(`${describeIssues(parsed.error, merged, settingsSchema)} (from ${described(origins[name], name, sources.file)})`)
}

/** Settings that were put together by a program come from nowhere else. */
export function originsOr (origins: LoadedSettings['origins'] | undefined): LoadedSettings['origins'] {
  return origins ?? Object.fromEntries(names.map(name => [name, 'default' as const])) as LoadedSettings['origins']
}

function originOf (name: SettingName, flags: Readonly<Record<string, unknown>>, environment: Record<string, unknown>, file: Record<string, unknown>): Origin {
  if (flags[name] !== undefined) return 'flag'
  if (environment[name] !== undefined) return 'environment'
  return file[name] === undefined ? 'default' : 'file'
}

function readFile ({ file, fileRequired }: SettingSources): Record<string, unknown> {
  let text: string
  try {
    // Windows' editors put a mark before the first letter.
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && !fileRequired) return {}
    throw invalid(`${file} cannot be read: ${reasonOf(cause)}`, cause)
  }
  const values = parseToml(text, file)
  const known = settingsSchema.partial().safeParse(values)
  if (known.success) return values
  const unknownKeys = known.error.issues.flatMap(issue => issue.code === 'unrecognized_keys' ? issue.keys : [])
  const key = unknownKeys[0] ?? String(known.error.issues[0]?.path[0] ?? '')
  throw invalid(`${file}, line ${lineOf(key, text)}: ${describeIssues(known.error, values, settingsSchema)}`)
}

function parseToml (text: string, file: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    const place = cause instanceof TomlError ? `, line ${cause.line}` : ''
    throw invalid(`${file}${place}: ${reasonOf(cause).split('\n')[0] ?? ''}`, cause)
  }
}

/** Numbers and lists arrive as text: `SHOAL_SHARD=2`, `SHOAL_LISTEN=/ip4/…,/ip4/…`. */
function readEnvironment (environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name): Array<[string, unknown]> => {
    const text = environment[environmentName(name)]
    if (text === undefined || text === '') return []
    const example = defaultSettings[name]
    if (Array.isArray(example)) return [[name, text.split(',')]]
    return [[name, typeof example === 'number' ? Number(text) : text]]
  }))
}

function described (origin: Origin, name: SettingName, file: string): string {
  switch (origin) {
    case 'flag': return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
    case 'environment': return environmentName(name)
    case 'file': return file
    case 'default': return 'the defaults'
  }
}

function lineOf (key: string, text: string): number {
  return text.split('\n').findIndex(line => line.split('=')[0]?.trim() === key) + 1
}

function invalid (why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'CONFIG_INVALID',
    what: 'a setting cannot be used',
    why,
    tryThis: `settings are ${names.join(', ')}; shoal join --help says what each takes`,
    cause
  })
}
