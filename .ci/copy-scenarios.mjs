// Copies the scenario files beside the code that reads them, as tsc leaves out what is no TypeScript.
import { cp } from 'node:fs/promises'

await cp(new URL('../testnet/scenarios/files/', import.meta.url), new URL('../dist/testnet/scenarios/files/', import.meta.url), { recursive: true })
