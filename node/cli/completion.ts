import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = typeof SHELLS[number]

/** What may follow the words of a command: further commands, and options. */
export interface CompletionNode {
  /** `testnet run`; empty for the program itself. */
  readonly path: string
  readonly commands: ReadonlyArray<{ readonly name: string, readonly summary: string }>
  readonly options: ReadonlyArray<{ readonly long: string, readonly summary: string, readonly takesValue: boolean }>
}

/** Every command of a program, the program itself first. */
export function completionTree (command: Command, path = ''): CompletionNode[] {
  const node: CompletionNode = {
    path,
    commands: command.commands.map(sub => ({ name: sub.name(), summary: sub.summary() })),
    options: [...command.options, ...helpOption].flatMap(({ long, description, required, optional }) => typeof long !== 'string' ? [] : [{ long, summary: description, takesValue: required || optional }])
  }
  return [node, ...command.commands.flatMap(sub => completionTree(sub, path === '' ? sub.name() : `${path} ${sub.name()}`))]
}

const helpOption = [{ long: '--help', description: 'what the command does', required: false, optional: false }]

/** A script that teaches a shell the commands and options; it asks nothing of the program while one types. */
export function completionScript (shell: Shell, nodes: readonly CompletionNode[]): string {
  switch (shell) {
    case 'bash': return bashScript(nodes)
    case 'zsh': return zshScript(nodes)
    case 'fish': return fishScript(nodes)
  }
}

function bashScript (nodes: readonly CompletionNode[]): string {
  const cases = nodes.map(node => `    ${quoted(node.path)}) words=${quoted(wordsOf(node).join(' '))}; values=${quoted(valuesOf(node))} ;;`)
  return `# shoal completion bash >> ~/.bashrc
_shoal () {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' words='' values='' word next before=\${COMP_WORDS[COMP_CWORD-1]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case " ${pathsOf(nodes)} " in *" \${next// /_} "*) path=$next ;; esac
  done
  case $path in
${cases.join('\n')}
  esac
  case " $values " in *" $before "*) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _shoal shoal
`
}

function zshScript (nodes: readonly CompletionNode[]): string {
  const cases = nodes.map(node => {
    const described = [...node.commands.map(({ name, summary }) => `${name}:${summary}`), ...node.options.map(({ long, summary }) => `${long}:${summary}`)]
    return `    ${quoted(node.path)}) words=(${described.map(quoted).join(' ')}); values=${quoted(valuesOf(node))} ;;`
  })
  return `#compdef shoal
# shoal completion zsh > "\${fpath[1]}/_shoal"
_shoal () {
  local path_='' next word values=''
  local -a words_ words
  words_=("\${(@)words[2,CURRENT-1]}")
  local before=\${words[CURRENT-1]}
  for word in $words_; do
    next="\${path_:+$path_ }$word"
    case " ${pathsOf(nodes)} " in *" \${next// /_} "*) path_=$next ;; esac
  done
  case $path_ in
${cases.join('\n')}
  esac
  case " $values " in *" $before "*) _files; return ;; esac
  _describe -t commands 'shoal' words || _files
}
compdef _shoal shoal
`
}

function fishScript (nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap(({ path, commands, options }) => {
    const condition = `-n ${quoted(`test (__shoal_path) = ${JSON.stringify(path)}`)}`
    return [
      ...commands.map(({ name, summary }) => `complete -c shoal ${condition} -f -a ${quoted(name)} -d ${quoted(summary)}`),
      ...options.map(({ long, summary, takesValue }) => `complete -c shoal ${condition} -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(summary)}`)
    ]
  })
  return `# shoal completion fish > ~/.config/fish/completions/shoal.fish
function __shoal_path
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$path $word")
    if contains -- (string replace -a ' ' _ "$next") ${pathsOf(nodes)}
      set path "$next"
    end
  end
  echo "$path"
end
${lines.join('\n')}
`
}

function wordsOf ({ commands, options }: CompletionNode): string[] {
  return [...commands.map(({ name }) => name), ...options.map(({ long }) => long)]
}

/** Options that are followed by a value, most often a file. */
function valuesOf ({ options }: CompletionNode): string {
  return options.filter(({ takesValue }) => takesValue).map(({ long }) => long).join(' ')
}

/** Commands as single words, for looking up. */
function pathsOf (nodes: readonly CompletionNode[]): string {
  return nodes.map(({ path }) => path.replace(/ /g, '_')).filter(path => path !== '').join(' ')
}

/** Within single quotes a shell obeys nothing. */
function quoted (text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`
}
