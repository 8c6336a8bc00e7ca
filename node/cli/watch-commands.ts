import type { CommandModule } from './command.ts'

/** The commands that ask a running peer, or read what one has left. */
export const watchCommands: readonly CommandModule[] = [
  {
    name: 'status', group: 'Watch', summary: 'what the peer on this data directory does, and why', example: 'shoal status --follow',
    configure: command => {
      command.option('--follow', 'again and again, until Ctrl-C', false).option('--every <seconds>', 'how often with --follow', '2')
    },
    load: async () => (await import('./commands/status.ts')).status
  },
  {
    name: 'top', group: 'Watch', summary: 'a live screen: overview, peers, bandwidth, rounds, log', example: 'shoal top',
    configure: () => undefined,
    load: async () => (await import('./commands/top.ts')).top
  },
  {
    name: 'peers', group: 'Watch', summary: 'who else is in the run, and who was refused', example: 'shoal peers --rejected',
    configure: command => {
      command.option('--rejected', 'who was refused, by whom and why, and who is banned', false).option('--forgive <peer>', 'forget what is held against a peer, a ban included').option('-v, --addresses', 'whole peer ids and addresses', false)
    },
    load: async () => (await import('./commands/peers.ts')).peers
  },
  {
    name: 'rounds', group: 'Watch', summary: 'what became of each averaging round, and why', example: 'shoal rounds --since 100 --json',
    configure: command => { command.option('--since <round>', 'those after this one', '0').option('--limit <number>', 'at most so many', '100') },
    load: async () => (await import('./commands/rounds.ts')).rounds
  },
  {
    name: 'bandwidth', group: 'Watch', summary: 'what went over the network since the peer started', example: 'shoal bandwidth --by protocol',
    configure: command => { command.option('--by <what>', 'peer, protocol, round (payload alone)', 'peer') },
    load: async () => (await import('./commands/bandwidth.ts')).bandwidth
  },
  {
    name: 'logs', group: 'Watch', summary: 'the log of the peer on this data directory, running or not', example: 'shoal logs -f',
    configure: command => { command.option('-f, --follow', 'go on with what is written, until Ctrl-C', false).option('-n, --lines <number>', 'lines to begin with', '50') },
    load: async () => (await import('./commands/logs.ts')).logs
  },
  {
    name: 'events', group: 'Watch', summary: 'everything that the peer tells, as it happens', example: 'shoal events --json --after 0',
    configure: command => { command.option('--after <number>', 'go on after the event of this sequence number; 0 for all that is recorded (default: what the peer remembers)') },
    load: async () => (await import('./commands/events.ts')).events
  },
  {
    name: 'replay', group: 'Watch', summary: 'a recorded run on the screens of top', example: 'shoal replay ./peer',
    configure: command => {
      command.argument('<directory>', 'a data directory, a run’s folder in it, or a testnet’s folder').option('--peer <name>', 'which peer of a testnet')
    },
    load: async () => (await import('./commands/replay.ts')).replay
  },
  {
    name: 'doctor', group: 'Watch', summary: 'what this machine can do, what is wrong with it, and how to mend that', example: 'shoal doctor --json',
    configure: () => undefined,
    load: async () => (await import('./commands/doctor.ts')).doctor
  },
  {
    name: 'pause', group: 'Start', summary: 'let training rest after the step under way; the others go on', example: 'shoal pause',
    configure: () => undefined,
    load: async () => (await import('./commands/pause.ts')).pause
  },
  {
    name: 'resume', group: 'Start', summary: 'go on where shoal pause let training rest', example: 'shoal resume',
    configure: () => undefined,
    load: async () => (await import('./commands/pause.ts')).resume
  },
  {
    name: 'config show', group: 'Use', summary: 'the settings of this data directory, and where each comes from', example: 'shoal config show --origin',
    configure: command => {
      command.option('--origin', 'where each comes from', false).option('--config <file>', 'config file (default: config.toml in the data directory)')
    },
    load: async () => (await import('./commands/config-show.ts')).configShow
  },
  {
    name: 'completion', group: 'Use', summary: 'a script that teaches your shell the commands and options', example: 'shoal completion bash >> ~/.bashrc',
    configure: command => { command.argument('<shell>', 'bash, zsh, fish') },
    load: async () => (await import('./commands/completion.ts')).completion
  }
]
