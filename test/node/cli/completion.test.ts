import { spawnSync } from 'node:child_process'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { completionScript, completionTree } from '../../../node/cli/completion.ts'

function example (): Command {
  const program = new Command('shoal').option('--json', 'data as JSON')
  const run = program.command('run').summary('runs')
  run.command('create').summary('write it').option('--name <name>', 'what people call it').option('--it’s', 'a quote: \'')
  run.command('show').summary('print it')
  program.command('rounds').summary('rounds')
  return program
}

const nodes = completionTree(example())

/** What a shell has on this machine. */
function has (shell: string): boolean {
  return spawnSync(shell, ['--version']).error === undefined
}

function completed (words: readonly string[]): string[] {
  const script = `${completionScript('bash', nodes)}
COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_shoal
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', cwd: '/' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter(word => word !== '')
}

describe('completion', () => {
  it('knows every command and its options', () => {
    expect(nodes.map(({ path }) => path)).toEqual(['', 'run', 'run create', 'run show', 'rounds'])
    expect(nodes[2]?.options.map(({ long, takesValue }) => [long, takesValue])).toEqual([['--name', true], ['--it’s', false], ['--help', false]])
  })

  it.skipIf(!has('bash'))('works in bash (skipped where there is none)', () => {
    expect(completed(['shoal', 'r'])).toEqual(['run', 'rounds'])
    expect(completed(['shoal', 'run', ''])).toEqual(['create', 'show', '--help'])
    expect(completed(['shoal', 'run', 'create', '--n'])).toEqual(['--name'])
    expect(completed(['shoal', '--json', 'run', 'create', '--'])).toContain('--name')
    expect(completed(['shoal', 'run', 'create', '--name', '/et'])).toEqual(['/etc'])
  })

  it.skipIf(!has('zsh'))('is sound zsh (skipped where there is none)', () => {
    expect(spawnSync('zsh', ['-n'], { input: completionScript('zsh', nodes), encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })

  it.skipIf(!has('fish'))('is sound fish (skipped where there is none)', () => {
    expect(spawnSync('fish', ['-n'], { input: completionScript('fish', nodes), encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })
})
