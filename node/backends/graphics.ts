import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Where Linux shows graphics devices: nodes that render, NVIDIA's own, and that of its subsystem for Windows. */
const DEVICES: ReadonlyArray<readonly [folder: string, name: RegExp]> = [['/dev/dri', /^renderD/], ['/dev', /^(nvidia\d|dxg$)/]]

/** Whoever names a Vulkan driver wants it tried. */
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'] as const

/**
 * Why it is in vain to look for a graphics device, in a sentence; undefined when there may be one. Costs a directory's
 * listing: most machines of a swarm have none, and should not load a driver to learn it.
 */
export function noGraphics (platform: NodeJS.Platform, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  try {
    createRequire(import.meta.url).resolve('webgpu')
  } catch {
    return 'the optional package webgpu is not installed'
  }
  if (platform !== 'linux' || DRIVER_VARIABLES.some(name => environment[name] !== undefined)) return undefined
  const isThere = DEVICES.some(([folder, name]) => namesIn(folder).some(entry => name.test(entry)))
  return isThere ? undefined : 'the system shows no graphics device'
}

function namesIn (folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
