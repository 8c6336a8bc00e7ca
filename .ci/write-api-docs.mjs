// Writes docs/api.md from the schemas of the built API.
import { writeFileSync } from 'node:fs'
import { apiDocument } from '../dist/node/api/document.js'

writeFileSync(new URL('../docs/api.md', import.meta.url), apiDocument())
