import type { Command } from 'commander'
import type { CommandModule } from '../../node/cli/command.ts'
import { configureRunOptions } from '../../node/cli/commands.ts'

async function configureTestnetOptions (command: Command): Promise<void> {
  command.argument('[scenario]', 'a name of shoal testnet ls, or a file with a slash in its path or .toml at its end', 'quickstart')
  command.option('--peers <number>', 'peers, each a process of its own (default: the scenario’s)')
  await configureRunOptions(command)
  for (const option of ['method', 'model']) leaveToScenario(command, option)
  command
    .option('--links <kind>', 'what carries bytes between the peers: proxy (lines as the scenario describes them), namespaces (the same by the kernel, a network namespace a peer; root on Linux), none (the machine’s loopback)', 'proxy')
    .option('--listen <where>', 'loopback, lan, or a multiaddr (default: loopback)')
    .option('--backend <name>', 'what computes (default: as shoal join would choose)')
    .option('--threads <number>', 'processor threads that compute on each peer (default: the backend chooses)')
    .option('--throttle <share>', 'share of the time that training may compute, 0.05 to 1')
    .option('--upload <rate>', 'most that leaves each peer: 1mbit')
    .option('--bytes-per-day <volume>', 'the same as a volume: 2GB')
    .option('--evaluate-every <rounds>', 'measure the held-out loss every so many rounds')
    .option('--tensorboard <directory>', 'also write scalars as TensorBoard’s event files, a run a peer')
    .option('--csv <file>', 'also write scalars as a table')
    .option('--dir <directory>', 'where the peers’ data directories lie (default: testnets/ in the data directory)')
}

/** An option that every run has, whose default is the scenario's here. */
function leaveToScenario (command: Command, name: string): void {
  const option = command.options.find(one => one.attributeName() === name)
  if (option === undefined) return
  option.default(undefined)
  option.description += ' (default: the scenario’s)'
  command.setOptionValue(name, undefined)
}

/** Options of a question to a testnet that runs. */
function configureQuestion (command: Command): void {
  command.option('--testnet <name>', 'which one, where several run').option('--dir <directory>', 'the folder of one that was started with --dir')
}

/** The commands for many peers on one machine. */
export const testnetCommands: readonly CommandModule[] = [
  {
    name: 'testnet run', group: 'Testnet', summary: 'run a swarm of real peer processes to its end and judge it',
    example: 'shoal testnet run --peers 4 --method noloco --steps 400 --json',
    configure: async command => {
      await configureTestnetOptions(command)
      command.option('--steps <number>', 'inner steps of each peer (default: the scenario’s)').option('--keep', 'go on until Ctrl-C', false)
        .option('--alone', 'without the run beside it that nothing disturbs, where the scenario compares the two', false)
    },
    load: async () => (await import('./run.ts')).run
  },
  {
    name: 'testnet up', group: 'Testnet', summary: 'the same without an end: peers train, and others may join, until Ctrl-C',
    example: 'shoal testnet up --peers 2 --listen lan',
    configure: async command => {
      await configureTestnetOptions(command)
    },
    load: async () => (await import('./run.ts')).up
  },
  {
    name: 'testnet sim', group: 'Testnet', summary: 'play a scenario in virtual time, once a seed, and hold it to its expectations',
    example: 'shoal testnet sim churn --seeds 1..20',
    configure: command => {
      command.argument('<scenario>', 'a name of shoal testnet ls, or a file with a slash in its path or .toml at its end')
        .option('--seeds <range>', 'one seed, or the first and the last: 1..20', '1')
        .option('--training <kind>', 'quadratic (a known optimum), real (small models on this processor), or replayed:FOLDER (steps as recorded there); the scenario’s when left out')
        .option('--peers <number>', 'so many peers in place of the scenario’s, its groups in proportion')
        .option('--events', 'also print every event', false)
        .option('-o, --output <file>', 'also write it as one HTML file with plots')
    },
    load: async () => (await import('./sim.ts')).sim
  },
  {
    name: 'testnet ls', group: 'Testnet', summary: 'the testnets that run here with their peers, and the scenarios that testnets play', example: 'shoal testnet ls',
    configure: command => { command.option('--dir <directory>', 'the folder of one that was started with --dir') },
    load: async () => (await import('./list.ts')).list
  },
  {
    name: 'testnet kill', group: 'Testnet', summary: 'end peers of a testnet as a power cut would', example: 'shoal testnet kill B C',
    configure: command => { configureQuestion(command.argument('<peers...>', 'their letters, or what the scenario calls them')) },
    load: async () => (await import('./control.ts')).kill
  },
  {
    name: 'testnet pause', group: 'Testnet', summary: 'let the processes of peers stand still', example: 'shoal testnet pause B --for 30s',
    configure: command => { configureQuestion(command.argument('<peers...>', 'their letters, or what the scenario calls them').option('--for <time>', 'how long: 500ms, 30s, 2m (default: until resume)')) },
    load: async () => (await import('./control.ts')).pause
  },
  {
    name: 'testnet resume', group: 'Testnet', summary: 'let them go on', example: 'shoal testnet resume B',
    configure: command => { configureQuestion(command.argument('<peers...>', 'their letters, or what the scenario calls them')) },
    load: async () => (await import('./control.ts')).resume
  },
  {
    name: 'testnet partition', group: 'Testnet', summary: 'cut a testnet into sides that cannot reach each other', example: 'shoal testnet partition "A,B|C,D"',
    configure: command => { configureQuestion(command.argument('<sides>', 'peers between commas, sides between bars; those not named are one side more')) },
    load: async () => (await import('./control.ts')).partition
  },
  {
    name: 'testnet heal', group: 'Testnet', summary: 'join the sides again', example: 'shoal testnet heal',
    configure: command => { configureQuestion(command) },
    load: async () => (await import('./control.ts')).heal
  },
  {
    name: 'testnet report', group: 'Testnet', summary: 'what a testnet’s peers have recorded so far, as one HTML file with plots', example: 'shoal testnet report -o testnet.html',
    configure: command => { configureQuestion(command.option('-o, --output <file>', 'where to write it', 'report.html')) },
    load: async () => (await import('./report.ts')).testnetReport
  },
  {
    name: 'report', group: 'Watch', summary: 'what was recorded of a run, as one HTML file with plots', example: 'shoal report ./testnet -o report.html',
    configure: command => {
      command.argument('[place]', 'a testnet’s folder, a data directory, or letters of a run’s id (default: the run last worked on)').option('-o, --output <file>', 'where to write it', 'report.html')
    },
    load: async () => (await import('./report.ts')).report
  },
  {
    name: 'bench methods', group: 'Testnet', summary: 'every method on the same model, data, tokens and seeds, in virtual time with real training',
    example: 'shoal bench methods --grid reduced --results ./results',
    configure: command => {
      command.option('--grid <size>', 'reduced (seconds), published (the grid of docs/results/methods.md), full (hours)', 'published')
        .option('--seeds <number>', 'paired seeds', '3')
        .option('--only <presets>', 'run these alone, separated by commas; others are read where they are stored')
        .option('--results <directory>', 'where cells are stored and the page is written (default: docs/results of the checkout)')
    },
    load: async () => (await import('./bench-methods.ts')).benchMethods
  }
]
