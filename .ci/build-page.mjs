// Bundles the page of node/web/page into dist, where the peer serves it from.
import { copyFile, mkdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** All of it together: it comes over a slow link to a telephone, too. */
const MAXIMUM_BYTES = 200_000

const source = new URL('../node/web/page/', import.meta.url)
const target = new URL('../dist/node/web/page/', import.meta.url)
await mkdir(target, { recursive: true })
await build({ entryPoints: [fileURLToPath(new URL('page.ts', source))], outfile: fileURLToPath(new URL('page.js', target)), bundle: true, minify: true, format: 'esm', target: 'es2022', logLevel: 'warning' })
const files = ['index.html', 'page.css', 'icon.svg']
for (const file of files) await copyFile(new URL(file, source), new URL(file, target))
const sizes = await Promise.all([...files, 'page.js'].map(async file => (await stat(new URL(file, target))).size))
const bytes = sizes.reduce((sum, size) => sum + size, 0)
console.log(`page: ${bytes} bytes`)
if (bytes > MAXIMUM_BYTES) throw new Error(`the page takes ${bytes} bytes, ${MAXIMUM_BYTES} are allowed`)
