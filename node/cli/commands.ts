import type { Command } from 'commander'
import type { CommandModule } from './command.ts'
import { watchCommands } from './watch-commands.ts'

const collect = (value: string, before: string[] | undefined): string[] => [...before ?? [], value]

/** Which weights a command uses. */
function configureCheckpointOptions (command: Command): void {
  command.option('--run <run>', 'which run (default: the one last worked on)')
    .option('--checkpoint <which>', 'newest (a merge of its step included), own, merged, best (lowest held-out loss), or a file', 'newest')
}

/** Options by which a run's method is chosen. */
async function configureRunMethodOptions (command: Command): Promise<void> {
  const [{ configureMethodOptions }, { configureScalarOptions }] = await Promise.all([import('./method-options.ts'), import('./scalar-options.ts')])
  configureMethodOptions(command)
  configureScalarOptions(command)
}

/** Options by which a run is chosen; `run create` and `testnet run` share them. */
export async function configureRunOptions (command: Command): Promise<void> {
  await configureRunMethodOptions(command)
  const { modelSizesInWords } = await import('./model-sizes.ts')
  command
    .option('--model <size>', `parameters in brackets: ${modelSizesInWords()}`, 'tiny')
    .option('--batch <sequences>', 'sequences in a step of each peer', '2')
    .option('--learning-rate <rate>', 'inner learning rate', '0.004')
    .option('--optimizer <name>', 'what takes the inner steps: adamw, sgd, lion, muon', 'adamw')
    .option('--schedule <name>', 'how the learning rate ends: constant, cosine, wsd', 'cosine')
    .option('--accumulate <passes>', 'passes of --batch sequences whose gradients make one step', '1')
    .option('--grow-batch <tolerance>', 'more passes where the gradient’s standard error exceeds this share of its norm, 0.01 to 1; a step begins with two, or --accumulate')
    .option('--most-passes <passes>', 'that a growing batch never exceeds', '64')
    .option('--split <kind>', 'how text is cut into shards: era, iid (default: era); of --data also label (default: iid)')
    .option('--seed <number>', 'seed of genesis weights, matching and batches', '1')
}

/** Options by which a run's text and tokenizer are chosen. */
function configureDataOptions (command: Command): void {
  command
    .option('--data <path>', 'text or JSONL file, or a directory of them, may be given several times (default: the State of the Union addresses); for mlp and cnn glyphs (digits drawn by program, the default) or MNIST’s two files', collect)
    .option('--data-field <name>', 'field of JSONL records that is the text (default: text, where the first record has it)')
    .option('--label <field>', 'field of JSONL records to split by (default: the file), with --split label or era')
    .option('--own-shard', 'every peer trains on data of its own, named when it joins', false)
    .option('--held-out <path>', 'what peers with own data are all judged by, may be given several times', collect)
    .option('--hold-out-every <n>', 'every n-th piece of text is held out', '10')
    .option('--tokenizer <file>', 'bytes, or a tokenizer.json that every peer gets', 'bytes')
}

/** Options of a peer that runs, whatever started it. */
function configurePeerOptions (command: Command): void {
  command
    .option('--listen <multiaddr>', 'address to listen on (/ip4/0.0.0.0/tcp/4001, …/tcp/4002/ws, …/udp/4001/quic-v1), or none; may be given several times', collect)
    .option('--bootstrap <multiaddr>', 'a peer to begin with, may be given several times', collect)
    .option('--network-key <file>', 'the key of a private run’s network (default: the one that came with its invite)')
    .option('--mdns <on|off>', 'ask the local network for members of the run (default: on)')
    .option('--dht <on|off>', 'find members by run id in a table that peers of all runs keep (default: on)')
    .option('--relay <auto|on|off>', 'carry connections of members that nobody can dial (default: auto, on without a promise about upload)')
    .option('--upnp <on|off>', 'ask the router to forward a port (default: on)')
    .option('--backend <name>', 'what computes: auto (the fastest that works), webgpu, tensorflow, wasm, cpu')
    .option('--threads <number>', 'processor threads that compute (default: the backend chooses)')
    .option('--throttle <share>', 'share of the time that training may compute, 0.05 to 1: it rests after each step')
    .option('--lane <lane>', 'first-order, which trains; or scalars, which runs forward passes alone and sends bytes, in a run that was created with --scalar-lane (default: first-order)')
    .option('--shard <number>', 'which shard of the data to train on (default: the peer id chooses)')
    .option('--data <path>', 'file or directory of your own text or JSONL, may be given several times', collect)
    .option('--wait-for <peers>', 'other peers to wait for before the first step')
    .option('--evaluate-every <rounds>', 'measure the held-out loss every so many rounds')
    .option('--checkpoint-every-seconds <seconds>', 'time between two checkpoints')
    .option('--keep-checkpoints <number>', 'newest checkpoints that stay, beside the best one')
    .option('--upload <rate>', 'most that leaves this peer, membership included: 1mbit; lowers bits, then lets rounds pass')
    .option('--bytes-per-day <volume>', 'the same as a volume: 2GB')
    .option('--config <file>', 'config file (default: config.toml in the data directory)')
    .option('--api <address>', 'the local API on TCP too, for who has the token: 127.0.0.1:4400')
    .option('--web [address]', 'the page, for a browser: a port of this machine (default: 8420), or an address and a port')
    .option('--metrics <address>', 'metrics for Prometheus at /metrics: a port of this machine, or an address and a port')
    .option('--tensorboard <directory>', 'also write scalars as TensorBoard’s event files')
    .option('--csv <file>', 'also write scalars as a table')
    .option('--log-level <level>', 'debug, info, warn, error')
}

/** The commands of one peer. */
export const peerCommands: readonly CommandModule[] = [
  ...watchCommands,
  {
    name: 'init', group: 'Start', summary: 'create the data directory and this peer’s identity', example: 'shoal init --data-dir ./peer',
    configure: () => undefined,
    load: async () => (await import('./commands/init.ts')).init
  },
  {
    name: 'join', group: 'Start', summary: 'start a peer in the foreground and train until the budget ends or Ctrl-C', example: 'shoal join shoal1… --shard 2',
    configure: command => {
      command.argument('<run>', 'an invite, a manifest file, or a run that is known here')
      configurePeerOptions(command)
    },
    load: async () => (await import('./commands/join.ts')).join
  },
  {
    name: 'daemon', group: 'Start', summary: 'the same as a long-lived service: goes on with the runs that are known here, one after the other', example: 'shoal daemon',
    configure: command => {
      command.argument('[run]', 'this run alone: an invite, a manifest file, or a run that is known here')
      configurePeerOptions(command)
    },
    load: async () => (await import('./commands/daemon.ts')).daemon
  },
  {
    name: 'stop', group: 'Start', summary: 'stop the peer on this data directory; it checkpoints and says goodbye', example: 'shoal stop',
    configure: () => undefined,
    load: async () => (await import('./commands/stop.ts')).stop
  },
  {
    name: 'merge', group: 'Run', summary: 'average everyone who is there now into one model, beside this peer’s own', example: 'shoal merge',
    configure: () => undefined,
    load: async () => (await import('./commands/merge.ts')).merge
  },
  {
    name: 'run create', group: 'Run', summary: 'write and sign the manifest of a new run', example: 'shoal run create --name evening --every 20 --steps 2000 --output evening.run',
    configure: async command => {
      command.requiredOption('--name <name>', 'what people call the run')
      await configureRunOptions(command)
      command.option('--steps <number>', 'inner steps of each peer, 0 for no end', '1000')
        .option('--shards <number>', 'pieces into which the training text is cut', '4')
      configureDataOptions(command)
      const { configureAdmissionOptions } = await import('./admission-options.ts')
      configureAdmissionOptions(command, collect)
      command.option('--private', 'only who has an invite gets a connection to anybody of the run: a key in the invite encrypts them all', false)
      command.option('--recompute', 'compute each layer again in the backward pass: less memory, about a third more time', false)
        .option('-o, --output <file>', 'also write the manifest to a file')
    },
    load: async () => (await import('./commands/run-create.ts')).runCreate
  },
  {
    name: 'run methods', group: 'Run', summary: 'the methods by name: their axes and where they were published', example: 'shoal run methods',
    configure: () => undefined,
    load: async () => (await import('./commands/run-methods.ts')).runMethods
  },
  {
    name: 'run show', group: 'Run', summary: 'check a manifest and print it', example: 'shoal run show evening.run',
    configure: command => { command.argument('<run>', 'an invite, a manifest file, or a run that is known here') },
    load: async () => (await import('./commands/run-show.ts')).runShow
  },
  {
    name: 'run ls', group: 'Run', summary: 'the runs that are known here', example: 'shoal run ls',
    configure: () => undefined,
    load: async () => (await import('./commands/run-list.ts')).runList
  },
  {
    name: 'run models', group: 'Run', summary: 'the models that a run can name, and how large they are', example: 'shoal run models',
    configure: () => undefined,
    load: async () => (await import('./commands/run-models.ts')).runModels
  },
  {
    name: 'invite', group: 'Run', summary: 'print the line with which the next peer joins', example: 'shoal invite',
    configure: command => { command.option('--expires <span>', 'how long it lets others in, where the run admits by pass: 12h, 7d, 2w, never (default: 7d)') },
    load: async () => (await import('./commands/invite.ts')).invite
  },
  {
    name: 'revoke', group: 'Run', summary: 'take back a pass that shoal invite issued, or a peer’s admission', example: 'shoal revoke 3f2a9c01d4e5b677',
    configure: command => { command.argument('<what>', 'a pass (16 digits, as shoal invite names it) or a whole peer id') },
    load: async () => (await import('./commands/revoke.ts')).revoke
  },
  {
    name: 'sample', group: 'Use', summary: 'write text with a checkpoint', example: 'shoal sample "We the people" --tokens 200',
    configure: async command => {
      configureCheckpointOptions(command)
      command.argument('[prompt]', 'how the text begins', 'The ')
        .option('--tokens <number>', 'tokens to write', '300')
        .option('--temperature <number>', 'above 1 wilder, below 1 tamer, 0 always the likeliest', '0.8')
        .option('--top-k <number>', 'choose among so many likeliest tokens, 0 for all', '40')
        .option('--top-p <share>', 'choose among the likeliest tokens that together have this probability', '1')
        .option('--seed <number>', 'the same seed writes the same text', '1')
      const { configureEnsembleOptions } = await import('./ensemble-options.ts')
      configureEnsembleOptions(command)
    },
    load: async () => (await import('./commands/sample.ts')).sample
  },
  {
    name: 'export', group: 'Use', summary: 'write a checkpoint’s weights as safetensors, in Hugging Face’s layout or our own', example: 'shoal export --format gpt2 -o model.safetensors',
    configure: command => {
      command.requiredOption('-o, --output <file>', 'where to write; config.json is put beside it')
        .option('--format <layout>', 'gpt2, llama, plain (our own names and shapes)', 'plain')
      configureCheckpointOptions(command)
    },
    load: async () => (await import('./commands/export.ts')).exportWeights
  },
  {
    name: 'import', group: 'Use', summary: 'begin a run with the weights of a safetensors file', example: 'shoal import model.safetensors --name tuned',
    configure: async command => {
      await configureRunMethodOptions(command)
      command.argument('<file>', 'GPT-2 or Llama with config.json beside it, or a file of shoal export')
        .requiredOption('--name <name>', 'what people call the run')
        .option('--steps <number>', 'inner steps of each peer, 0 for no end', '1000')
        .option('--batch <sequences>', 'sequences in a step of each peer', '2')
        .option('--learning-rate <rate>', 'inner learning rate', '0.0005')
        .option('--shards <number>', 'pieces into which the training text is cut', '4')
        .option('--split <kind>', 'how text is cut into shards: era, iid (default: era); of --data also label (default: iid)')
        .option('--seed <number>', 'seed of matching and batches', '1')
      configureDataOptions(command)
    },
    load: async () => (await import('./commands/import.ts')).importWeights
  },
  {
    name: 'tokenizer train', group: 'Use', summary: 'learn a tokenizer from text files, or from the default corpus', example: 'shoal tokenizer train --vocabulary 1024 -o tokenizer.json',
    configure: command => {
      command.option('--input <path>', 'text or JSONL file, or a directory of them, may be given several times (default: the training part of the default corpus)', collect)
        .option('--data-field <name>', 'field of JSONL records that is the text (default: text, where the first record has it)')
        .option('--kind <kind>', 'bpe (byte-level, written as Hugging Face’s tokenizer.json), characters', 'bpe')
        .option('--vocabulary <tokens>', 'how many tokens to use at most', '1024')
        .option('-o, --output <file>', 'where to write it', 'tokenizer.json')
    },
    load: async () => (await import('./commands/tokenizer-train.ts')).tokenizerTrain
  },
  {
    name: 'eval', group: 'Use', summary: 'held-out loss of a checkpoint, beside gzip', example: 'shoal eval --json',
    configure: async command => {
      configureCheckpointOptions(command)
      const { configureEnsembleOptions } = await import('./ensemble-options.ts')
      configureEnsembleOptions(command)
    },
    load: async () => (await import('./commands/eval.ts')).evaluate
  },
  {
    name: 'bench backend', group: 'Use', summary: 'what computes on this machine, how fast, and what auto takes', example: 'shoal bench backend',
    configure: command => { command.option('--threads <number>', 'processor threads that compute (default: the backend chooses)') },
    load: async () => (await import('./commands/bench-backend.ts')).benchBackend
  },
  {
    name: 'ledger show', group: 'Watch', summary: 'who sent how many bytes to a run that is trained by scalars, and whose chain forked', example: 'shoal ledger show',
    configure: command => { command.argument('[run]', 'a run that is known here (default: the one last worked on)') },
    load: async () => (await import('./commands/ledger.ts')).ledgerShow
  },
  {
    name: 'ledger verify', group: 'Watch', summary: 'check every signature and chain of such a run, and rebuild its weights', example: 'shoal ledger verify',
    configure: command => { command.argument('[run]', 'a run that is known here (default: the one last worked on)') },
    load: async () => (await import('./commands/ledger.ts')).ledgerVerify
  },
  {
    name: 'bench codec', group: 'Use', summary: 'rates and speeds of codecs on this machine', example: "shoal bench codec 'uniform(4) | rans'",
    configure: command => { command.argument('[specs...]', 'codecs to measure (default: one of each kind)') },
    load: async () => (await import('./commands/bench-codec.ts')).benchCodec
  }
]
