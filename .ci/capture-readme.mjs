// Runs `npm start` into a pipe and puts what it printed into README.md, so that nothing there is typed in by hand.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const readme = new URL('../README.md', import.meta.url)
const { stdout, status } = spawnSync(process.execPath, ['dist/testnet/shoal.js', 'testnet', 'run', 'quickstart'], {
  cwd: new URL('..', import.meta.url), encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit']
})
if (status !== 0) throw new Error(`the run ended with ${status}`)

const lines = stdout.trimEnd().split('\n')
const rounds = lines.flatMap((line, index) => /^round +\d+/.test(line) ? [index] : [])
// Six rounds show the form; the other lines of the middle say the same.
const [first, last] = [rounds[3], rounds.at(-3)]
const shown = lines.flatMap((line, index) => {
  if (!rounds.includes(index) || index < first || index >= last) return [line]
  return index === first ? ['…'] : []
})
const block = ['<!-- capture:start -->', '```text', ...shown.map(line => line.trimEnd()), '```', '<!-- capture:end -->'].join('\n')
writeFileSync(readme, readFileSync(readme, 'utf8').replace(/<!-- capture:start -->[\s\S]*<!-- capture:end -->/, () => block))
