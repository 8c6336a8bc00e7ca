import { stringify } from 'smol-toml'
import { ownSettings } from '../../config/own-settings.ts'
import type { SettingName } from '../../config/settings.ts'
import { environmentName } from '../../config/settings.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'

interface ConfigShowOptions {
  readonly origin: boolean
  readonly config?: string
}

export const configShow = action<ConfigShowOptions>(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  const { settings, origins } = ownSettings(directory, {}, options.config)
  const file = options.config ?? directory.configFile
  if (options.json) {
    output.json({ version: 1, file, settings, ...options.origin ? { origins } : {} })
    return Promise.resolve(undefined)
  }
  const theme = createTheme(output.colours)
  output.line(theme.faint(`# ${file}`))
  const lines = Object.entries(settings).map(([name, value]) => ({ name: name as SettingName, text: stringify({ [name]: value }).trim() }))
  const width = Math.max(...lines.map(({ text }) => text.length))
  for (const { name, text } of lines) output.line(options.origin ? `${text.padEnd(width)}  ${theme.faint(`# ${sayOrigin(name, origins[name], file)}`)}` : text)
  return Promise.resolve(undefined)
})

function sayOrigin (name: SettingName, origin: string, file: string): string {
  if (origin === 'environment') return `from ${environmentName(name)}`
  return origin === 'file' ? `from ${file}` : 'default'
}
