// Before `npm start`: installs and builds what a fresh clone lacks, and says so. Plain Node, no dependencies.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const OLDEST_NODE = [20, 19]

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  console.error(`error: Node ${process.versions.node} is too old\n  why: Shoal needs Node ${OLDEST_NODE.join('.')} or newer\n  try: install the current LTS release of Node`)
  process.exit(2)
}

const installed = modifiedMs('node_modules/.package-lock.json')
if (installed < modifiedMs('package-lock.json')) run('installing packages and building (once, a minute or two)', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
else if (Math.max(modifiedMs('dist/.tsbuildinfo'), modifiedMs('dist/.built')) < newestSource()) {
  run('building', ['run', '--silent', 'build'])
  // The compiler leaves its own record alone when a touched file says the same as before.
  writeFileSync(`${root}dist/.built`, '')
}

function run (what, words) {
  console.error(`shoal: ${what} …`)
  const { status } = spawnSync('npm', words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' })
  if (status !== 0) {
    console.error(`error: npm ${words.join(' ')} failed\n  why: see above\n  try: npm ${words[0]} by hand, then npm start again`)
    process.exit(1)
  }
}

function newestSource () {
  return Math.max(...['src', 'protocols', 'node', 'testnet'].flatMap(folder => readdirSync(`${root}${folder}`, { recursive: true })
    .filter(file => /\.(ts|toml)$/.test(file) && !file.includes('generated')).map(file => modifiedMs(`${folder}/${file}`))))
}

/** When a file last changed; a file that is not there is older than everything. */
function modifiedMs (file) {
  return existsSync(`${root}${file}`) ? statSync(`${root}${file}`).mtimeMs : 0
}
