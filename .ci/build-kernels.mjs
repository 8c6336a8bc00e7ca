// Compiles the assembly folders of src/kernels, src/codec-kernels and src/noise-kernels to WebAssembly and writes each as a
// TypeScript module, which tsc, vitest and bundlers all import alike. Does nothing when a module is newer than its sources.
// What the last two share lies in src/shared-kernels and counts among the sources of both. The sources' hash, in a file under
// version control beside them, tells modules of other sources.
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const DATA_SECTION = 11
const RELAXED = ['--enable', 'relaxed-simd']
/** Memory that several threads share must say how far it can grow: as far as the backend's, 4 GiB. */
const SHARED = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536']
/**
 * The training kernels borrow the memory of tfjs' backend, alone or with other threads, and round each product of a matrix
 * product before its sum or not; the codecs' and the noise's have a small memory of their own: scratch for a batch, 16 pages,
 * and for a chunk, 2 pages.
 */
const binaries = [
  { folder: 'kernels', name: 'simd', options: ['--importMemory'], isBorrowed: true },
  { folder: 'kernels', name: 'relaxed', options: ['--importMemory', ...RELAXED], isBorrowed: true },
  { folder: 'kernels', name: 'shared-simd', options: ['--importMemory', ...SHARED], isBorrowed: true },
  { folder: 'kernels', name: 'shared-relaxed', options: ['--importMemory', ...SHARED, ...RELAXED], isBorrowed: true },
  { folder: 'codec-kernels', name: 'kernel-binary', options: ['--initialMemory', '16', '--maximumMemory', '16'], isBorrowed: false },
  { folder: 'noise-kernels', name: 'kernel-binary', options: ['--initialMemory', '2', '--maximumMemory', '2'], isBorrowed: false }
]

for (const binary of binaries) await build(binary, await writeHash(binary))

async function build (binary, hash) {
  const { folder, name, options, isBorrowed } = binary
  const sources = new URL(`../src/${folder}/assembly/`, import.meta.url)
  const target = new URL(`../src/${folder}/generated/${name}.ts`, import.meta.url)
  if (!await isStale(binary, target, hash)) return
  const compiled = await compile(sources, options)
  if (isBorrowed) refuseData(compiled)
  await mkdir(new URL('.', target), { recursive: true })
  // Two builds may run at once: each writes its own file, the last rename wins.
  const draft = new URL(`${name}.${process.pid}.tmp`, target)
  await writeFile(draft, moduleText(compiled, folder, hash))
  await rename(draft, target)
  console.log(`${folder}, ${name}: ${compiled.length} bytes of WebAssembly`)
}

/** Hash of what a folder is compiled from, which is kept in a module of its own. */
async function writeHash (binary) {
  const hash = createHash('sha256')
  for (const file of await sourcesOf(binary)) {
    const text = await readFile(file, 'utf8')
    // A checkout may have its own line ends.
    hash.update(`${basename(file.pathname)}\n${text.replaceAll('\r\n', '\n')}\n`)
  }
  const digest = hash.digest('hex').slice(0, 16)
  const target = new URL(`../src/${binary.folder}/source-hash.ts`, import.meta.url)
  const module = `/** Of the sources in \`assembly\`; written by the build, under version control. */\nexport const SOURCE_HASH = '${digest}'\n`
  if (await readFile(target, 'utf8').catch(() => '') !== module) await writeFile(target, module)
  return digest
}

/** A folder's own sources and those that modules with a memory of their own share, in a steady order. */
async function sourcesOf ({ folder, isBorrowed }) {
  const folders = isBorrowed ? [folder] : [folder, 'shared-kernels']
  const files = await Promise.all(folders.map(async name => {
    const sources = new URL(`../src/${name}/assembly/`, import.meta.url)
    return (await readdir(sources)).sort().map(file => new URL(file, sources))
  }))
  return files.flat()
}

async function isStale (binary, target, hash) {
  const written = await stat(target).catch(() => undefined)
  if (written === undefined || !(await readFile(target, 'utf8')).includes(`'${hash}'`)) return true
  const times = await Promise.all([...await sourcesOf(binary), new URL(import.meta.url)].map(async input => (await stat(input)).mtimeMs))
  return times.some(time => time > written.mtimeMs)
}

async function compile (sources, options) {
  const { default: asc } = await import('assemblyscript/asc')
  let binary
  const { error, stderr } = await asc.main([
    'index.ts', '--baseDir', fileURLToPath(sources), '--outFile', 'kernels.wasm',
    '-O3', '--converge', '--noAssert', '--enable', 'simd', '--runtime', 'stub', ...options
  ], { writeFile: (name, contents) => { if (name.endsWith('.wasm')) binary = contents } })
  if (error !== null || binary === undefined) {
    console.error(stderr.toString())
    throw error ?? new Error('the compiler wrote nothing')
  }
  return binary
}

/** Static data would be written over the backend's own memory, which the kernels borrow. */
function refuseData (binary) {
  let offset = 8
  while (offset < binary.length) {
    const section = binary[offset++]
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = binary[offset++]
      size |= (byte & 127) << shift
      if (byte < 128) break
    }
    if (section === DATA_SECTION) throw new Error('the kernels hold static data; they borrow memory and may hold none')
    offset += size
  }
}

function moduleText (binary, folder, hash) {
  const lines = []
  for (let start = 0; start < binary.length; start += 40) lines.push(`  ${[...binary.slice(start, start + 40)].join(', ')}`)
  return `// Written by .ci/build-kernels.mjs from src/${folder}/assembly.\nexport const sourceHash: string = '${hash}'\nexport const kernelBinary = new Uint8Array([\n${lines.join(',\n')}\n])\n`
}
