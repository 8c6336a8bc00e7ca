// Started with --import: writes the URL of every module that is loaded to the file that TRACE names.
import { appendFileSync } from 'node:fs'
import { register } from 'node:module'

/** Node loads this file a second time for the hooks' own thread. */
export async function resolve (specifier, context, next) {
  const found = await next(specifier, context)
  appendFileSync(process.env.TRACE ?? '', `${found.url}\n`)
  return found
}

if (process.env.TRACE_REGISTERED === undefined) {
  process.env.TRACE_REGISTERED = '1'
  register(import.meta.url)
}
