import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { trainingBytes } from '../../src/training/memory-estimate.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { Probed } from '../backends/probe.ts'
import { QUIC_PACKAGE, type Loaded } from '../network/quic/binding.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { formatBytes, formatNumber } from '../terminal/units.ts'
import { fail, ok, unknown, warn } from './finding.ts'
import type { Finding } from './finding.ts'

/** As package.json says. */
const OLDEST_NODE: readonly [number, number] = [20, 19]
/** Two checkpoints of the largest named model that runs without a graphics card, store and log. */
const COMFORTABLE_DISK_BYTES = 2e9
/** A checkpoint of a small model and its successor. */
const NEEDED_DISK_BYTES = 100e6
/** Others need memory too, and an estimate is right within a third. */
const COMFORTABLE_MEMORY_SHARE = 0.75
/** Below this a step of the smallest named models takes seconds. */
const USEFUL_GFLOPS = 0.5
/** What others may do with a private file: nothing. */
const OTHERS = 0o077

export function checkNode (version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const wanted = OLDEST_NODE.join('.')
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return ok('node', `Node ${version}; ${wanted} or newer is needed`)
  return fail('node', `Node ${version} is too old: ${wanted} is needed`, 'install the current LTS release of Node')
}

/** Nobody needs it: where it is not spoken, there is TCP. */
export function checkQuic (quic: Loaded): Finding {
  if ('version' in quic) return ok('quic', `spoken, with ${QUIC_PACKAGE} ${quic.version}, where a peer listens on …/udp/<port>/quic-v1 and to whoever does; not in private runs`)
  return quic.isInstalled
    ? warn('quic', `not spoken: ${quic.obstacle}`, `TCP does without; else npm install ${QUIC_PACKAGE}@2.1.1 beside shoal`)
    : ok('quic', `not spoken: ${quic.obstacle}, and TCP does without (npm install ${QUIC_PACKAGE} beside shoal)`)
}

export function checkDirectory ({ root }: Pick<DataDirectory, 'root'>): Finding {
  const place = nearestFolder(root)
  try {
    accessSync(place, constants.W_OK | constants.X_OK)
  } catch {
    return fail('directory', `${place} cannot be written`, 'choose another data directory with --data-dir or SHOAL_HOME, or mend its permissions')
  }
  return ok('directory', place === root ? `${root} can be written` : `${root} does not exist yet, and can be made`)
}

export function checkIdentity ({ identityFile }: Pick<DataDirectory, 'identityFile'>, platform: NodeJS.Platform = process.platform): Finding {
  if (!existsSync(identityFile)) return unknown('identity', 'this peer has no key yet', 'shoal init makes one; shoal join does too')
  const { mode } = statSync(identityFile)
  if (platform !== 'win32' && (mode & OTHERS) !== 0) return warn('identity', `others on this machine can read ${identityFile}`, `chmod 600 ${identityFile}`)
  return ok('identity', 'the key is there, and nobody else can read it')
}

export function checkDisk ({ root }: Pick<DataDirectory, 'root'>): Finding {
  const { bavail, bsize } = statfsSync(nearestFolder(root))
  const free = bavail * bsize
  const finding = `${formatBytes(free)} free for checkpoints and store`
  if (free < NEEDED_DISK_BYTES) return fail('disk', finding, 'free some space, or choose another disk with --data-dir')
  return free < COMFORTABLE_DISK_BYTES ? warn('disk', finding, 'free some space before a long run, or keep fewer checkpoints with --keep-checkpoints') : ok('disk', finding)
}

/** @param pid of the peer that answers on this directory, if one does */
export function checkLock ({ lockFile }: Pick<DataDirectory, 'lockFile'>, pid: number | undefined): Finding {
  if (pid !== undefined) return ok('lock', `process ${pid} runs on this data directory and answers`)
  if (!existsSync(lockFile)) return ok('lock', 'no peer runs on this data directory, and none has died here')
  const owner = ownerOf(lockFile)
  if (owner !== undefined && isAlive(owner)) {
    return fail('lock', `process ${owner} holds this data directory and does not answer`, `wait until it has started; if it hangs: kill ${owner}, and its checkpoint is gone on from`)
  }
  return ok('lock', 'a peer has died here; the next one takes its place')
}

/** @param probed how the backend that training would use fared */
export function checkBackend (probed: Probed): Finding {
  if ('reason' in probed) return fail('backend', `the ${probed.name} backend does not work here: ${probed.reason}`, 'shoal bench backend shows what this machine can use; --backend auto takes the fastest')
  const { device, matmulGflops, tokensPerSecond, lacks } = probed
  const finding = `${device}: trains right, ${formatNumber(matmulGflops, 1)} GFLOP/s, ${formatNumber(tokensPerSecond, 0)} tokens a second of a small model`
  if (matmulGflops < USEFUL_GFLOPS) return warn('backend', finding, 'shoal bench backend shows whether another one is faster here')
  return lacks.length === 0 ? ok('backend', finding) : warn('backend', `${finding}; ${lacks.join('; ')}`, 'docs/native-tensorflow.md and docs/webgpu.md tell of faster ones')
}

/** @param isTraining whether a peer trains here: what its step takes is already taken */
export function checkMemory (manifest: RunManifest | undefined, freeBytes: number, isTraining: boolean): Finding {
  if (manifest === undefined) return unknown('memory', `${formatBytes(freeBytes)} free; no run is known here whose model could be asked about`, 'shoal join or shoal run create, then ask again')
  const needed = trainingBytes(manifest.model, manifest.inner)
  const finding = `a step of ${manifest.name} takes about ${formatBytes(needed)}, ${formatBytes(freeBytes)} are free`
  if (isTraining) return ok('memory', `${finding} beside the peer that runs`)
  if (needed > freeBytes) return fail('memory', finding, 'close other programs, or join a run with a smaller model or batch')
  return needed > COMFORTABLE_MEMORY_SHARE * freeBytes ? warn('memory', finding, 'close other programs before a long run') : ok('memory', finding)
}

/** The folder itself, or the lowest one above it that is there. */
function nearestFolder (path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path))
}

function ownerOf (lockFile: string): number | undefined {
  const pid = /"pid":(\d+)/.exec(readFileSync(lockFile, 'utf8'))?.[1]
  return pid === undefined ? undefined : Number(pid)
}

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
