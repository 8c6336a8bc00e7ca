// How long `--help` of every command takes beside bare node, in one run, interleaved; writes docs/results/help.md and .json.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../dist/testnet/shoal.js', import.meta.url))
const ROUNDS = Number(process.argv[2] ?? 15)
const COMMANDS = ['', 'join', 'status', 'top', 'testnet run', 'run create', 'completion']

function milliseconds (words) {
  const begin = process.hrtime.bigint()
  const { status } = spawnSync(process.execPath, words, { stdio: 'ignore' })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}`)
  return Number(process.hrtime.bigint() - begin) / 1e6
}

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

const bare = []
const taken = new Map(COMMANDS.map(command => [command, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const command of COMMANDS) {
    const alone = milliseconds(['-e', '0'])
    bare.push(alone)
    taken.get(command)?.push(milliseconds([PROGRAM, ...command.split(' ').filter(Boolean), '--help']) / alone)
  }
}

const rows = [...taken].map(([command, ratios]) => ({ command: `shoal ${command} --help`.replace('  ', ' '), ratio: Number(median(ratios).toFixed(2)), overBareMs: Math.round((median(ratios) - 1) * median(bare)) }))
const setup = { node: process.version, processor: cpus()[0]?.model.trim(), rounds: ROUNDS, bareNodeMs: Math.round(median(bare)), date: new Date().toISOString().slice(0, 10) }
const target = (name, extension) => fileURLToPath(new URL(`../../docs/results/${name}.${extension}`, import.meta.url))
writeFileSync(target('help', 'json'), `${JSON.stringify({ ...setup, rows }, null, 2)}\n`)
writeFileSync(target('help', 'md'), `# How light help is

Written by \`npm run bench:help\`: each command's \`--help\` and bare node (\`node -e 0\`), one right after the other, ${setup.rounds} times; medians of their ratios.
${setup.node} on ${setup.processor}, bare node ${setup.bareNodeMs} ms, ${setup.date}.

| command | times bare node | over it |
|---|---|---|
${rows.map(({ command, ratio, overBareMs }) => `| \`${command}\` | ${ratio} | ${overBareMs} ms |`).join('\n')}
`)
console.log(rows)
