// src/ and protocols/ are to run in a browser tab: bundles every file of them for one and fails on anything that only Node has.
import { build } from 'esbuild'
import { readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const builtIns = new Set(builtinModules)
const onlyNode = []

const files = ['src', 'protocols'].flatMap(storey => readdirSync(`${root}${storey}`, { recursive: true })
  .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('assembly/'))
  .map(file => `./${storey}/${file}`))

const refuseNodeImports = {
  name: 'refuse-node-imports',
  setup (builder) {
    builder.onResolve({ filter: /.*/ }, ({ path, importer }) => {
      const name = path.replace(/^node:/, '').split('/')[0]
      // Some packages guard such an import in their own code and ship a stub for browsers; ours may not have any.
      if (!path.startsWith('node:') && !(builtIns.has(name) && !importer.includes('node_modules'))) return undefined
      if (!importer.includes('node_modules')) onlyNode.push(`${importer.replace(root, '')} imports ${path}`)
      return { path, external: true }
    })
  }
}

const { metafile } = await build({
  stdin: { contents: files.map(file => `export * as f${files.indexOf(file)} from '${file}'`).join('\n'), resolveDir: root },
  bundle: true, write: false, metafile: true, minify: true, format: 'esm', platform: 'browser', logLevel: 'error', outfile: 'bundle.js',
  plugins: [refuseNodeImports]
}).catch(error => {
  console.error(`the browser bundle fails: ${error.message}`)
  process.exit(1)
})

const [output] = Object.values(metafile.outputs)
const nodeImports = output.imports.filter(({ path, external }) => external && (path.startsWith('node:') || builtIns.has(path)))
  .map(({ path }) => `${importersOf(path).join(', ')} imports ${path}`)
const refused = [...new Set([...onlyNode, ...nodeImports])]
if (refused.length > 0) {
  console.error(`src/ and protocols/ must run in a browser, but:\n  ${refused.join('\n  ')}`)
  process.exit(1)
}
console.log(`browser bundle: ${files.length} files, ${Math.round(output.bytes / 1000)} kB, no Node import`)

function importersOf (path) {
  return Object.entries(metafile.inputs).filter(([, input]) => input.imports.some(entry => entry.path === path)).map(([file]) => file)
}
