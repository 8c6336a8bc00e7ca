// Checks the unit file with systemd's own tools and runs the daemon under a manager's socket; writes docs/results/service.md.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = join(root, 'dist/testnet/shoal.js')
/** Listens as systemd does; systemd-notify's barriers are closed by reading them. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace(chr(10), ' '), flush=True)
`

function told (program, ...words) {
  const { stdout, stderr, status } = spawnSync(program, words, { encoding: 'utf8', cwd: root })
  return `$ ${program} ${words.join(' ')}\n${stdout}${stderr}exit code ${status}`
}

async function messagesOfDaemon () {
  const home = mkdtempSync(join(tmpdir(), 'shoal-service-'))
  const socket = join(home, 'notify')
  const listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const heard = []
  const waiting = new Set()
  createInterface({ input: listener.stdout }).on('line', line => {
    heard.push(line)
    for (const look of waiting) look()
  })
  /** Resolves once a line says this after the first `from` lines. */
  const hears = async (what, from = 0) => new Promise(resolve => {
    const look = () => {
      if (!heard.slice(from).some(line => line.includes(what))) return
      waiting.delete(look)
      resolve()
    }
    waiting.add(look)
    look()
  })
  await hears('bound')
  spawnSync(process.execPath, [PROGRAM, 'run', 'create', '--name', 'evening', '--steps', '0', '--every', '20', '--method', 'solo', '--data-dir', home])
  const daemon = spawn(process.execPath, [PROGRAM, 'daemon', '--listen', '/ip4/127.0.0.1/tcp/0', '--data-dir', home], {
    env: { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '4000000' }, stdio: 'ignore'
  })
  const ended = new Promise(resolve => daemon.once('close', code => { resolve(code) }))
  await hears('READY')
  await hears('WATCHDOG', heard.length)
  daemon.kill('SIGTERM')
  const code = await ended
  listener.kill()
  rmSync(home, { recursive: true, force: true })
  return `${heard.filter(line => line !== 'bound' && line !== 'BARRIER=1').map(line => line.replace(/MAINPID=\d+/, 'MAINPID=…')).join('\n')}\nexit code of the daemon after SIGTERM ${code}`
}

const sections = [told('systemd-analyze', 'verify', 'docs/service/shoal.service'), told('systemd-analyze', 'security', '--offline=true', '--no-pager', 'docs/service/shoal.service')]
const messages = await messagesOfDaemon()
writeFileSync(join(root, 'docs/results/service.md'), `# The service

Written by \`node test/bench/service.mjs\` on ${new Date().toISOString().slice(0, 10)} with ${spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]}.

What systemd says of the unit file:

\`\`\`
${sections.map(text => text.split('\n').length > 40 ? [...text.split('\n').slice(0, 1), '…', ...text.split('\n').slice(-3)].join('\n') : text).join('\n\n')}
\`\`\`

What \`shoal daemon\` told a manager's socket (its own \`systemd-notify\`, a watchdog of 4 s), from its start to SIGTERM:

\`\`\`
${messages}
\`\`\`
`)
console.log(messages)
