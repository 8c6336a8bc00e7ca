import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** What `ip` answers. @throws the system's error, with what the command said on its last line */
export async function ip (...words: readonly string[]): Promise<string> {
  return (await execute('ip', words)).stdout
}

/** The same within a namespace, of any command. */
export async function within (namespace: string, ...words: readonly string[]): Promise<string> {
  return ip('netns', 'exec', namespace, ...words)
}

/** Words before a command that is to run in a namespace; the process that they start becomes the command's own. */
export function inNamespace (name: string): readonly string[] {
  return ['ip', 'netns', 'exec', name]
}

/** The words that tell of a command's failure: its own last ones. */
export function lastLine (error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().split('\n').at(-1) ?? ''
}
