import { z } from 'zod'
import { ENDPOINTS, PAGE_ENDPOINTS } from './endpoints.ts'
import { EVENT_SCHEMAS } from './event-schema.ts'
import { API_VERSION, apiErrorSchema } from './schema.ts'

/** What a JSON schema of ours says of a value. */
interface Shape {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
}

const HEAD = `# The local API

Generated from the schemas in \`node/api\` by \`npm run docs:api\`; a test keeps it fresh.

A running peer answers HTTP on a socket in its data directory: \`api.sock\`, which only its own user may open (on Windows a named pipe);
\`daemon.json\` says where. With \`--api 127.0.0.1:4400\` it answers on TCP too: to those who send what is in \`api.token\` as
\`Authorization: Bearer …\`, who ask for it under its own name (no page of another origin, no foreign name that resolves here).

    curl --unix-socket ~/.local/share/shoal/api.sock http://localhost/v1/status

Every answer carries \`version: ${API_VERSION}\`; within a version fields are only added. A number that does not exist yet is \`null\`. Sizes are bytes,
times are milliseconds since 1970 (\`…Ms\`) or seconds (\`…Seconds\`), losses are nats per token.

Also there: \`GET /healthz\` (\`ok\`, without a token) and \`GET /metrics\` (Prometheus).
`

/** `docs/api.md`, from the same schemas that the server answers by and the client checks. */
export function apiDocument (): string {
  const { swarm, sample } = PAGE_ENDPOINTS
  const questions = [...Object.values(ENDPOINTS), swarm].map(({ method, path, summary, query, answer }) => [
    `## \`${method} ${path}\``, '', `${summary}.`, '', ...parametersOf(query), ...block(shapeOf(answer)), ''
  ].join('\n'))
  const events = Object.values(EVENT_SCHEMAS).map(schema => [`### \`${schema.shape.type.value}\``, '', `${schema.description ?? ''}.`, '', ...block(shapeOf(schema)), ''].join('\n'))
  return [
    HEAD, ...questions,
    `## \`POST ${sample.path}\``, '', `${sample.summary}. One at a time: each takes time from training.`, '', ...parametersOf(sample.request), ...block(shapeOf(sample.request)), '',
    '## `GET /v1/events`', '',
    'Server-sent events: `id` is the sequence number, `event` the type, `data` the event as JSON with `sequence` and `atMs`. `Last-Event-ID` or `?after=` goes on from there, from memory',
    'or from the recording on disk; without either, what the peer remembers comes first. A gap in the numbers is what was not recorded.', '',
    ...events,
    '## Refusals', '', 'With status 400, 401, 403, 404, 409, 413, 429 or 503:', '', ...block(shapeOf(apiErrorSchema))
  ].join('\n').trimEnd() + '\n'
}

function shapeOf (schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: 'input' }) as Shape
}

function parametersOf (query: z.ZodType): string[] {
  const { properties = {} } = shapeOf(query)
  const rows = Object.entries(properties).map(([name, shape]) => `- \`${name}\`: ${rangeWords(shape)}${shape.default === undefined ? '' : `; ${shape.default} unless given`}`)
  return rows.length === 0 ? [] : [...rows, '']
}

function rangeWords ({ type, minimum, maximum, maxLength }: Shape): string {
  if (type === 'string') return `a text${maxLength === undefined ? '' : ` of at most ${maxLength} characters`}`
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`
  return `a ${type === 'integer' ? 'whole ' : ''}number from ${minimum ?? 0}${most}`
}

function block (shape: Shape): string[] {
  return ['```', ...typeLines(shape), '```']
}

/** A shape in TypeScript's words, which readers of JSON know. */
function typeLines (shape: Shape, indent = ''): string[] {
  const inner = shape.type === 'array' ? shape.items ?? {} : shape
  const suffix = shape.type === 'array' ? '[]' : ''
  if (inner.properties === undefined) return [`${indent}${wordOf(shape)}`]
  const fields = Object.entries(inner.properties).flatMap(([name, value]) => fieldLines(name, value, inner.required?.includes(name) === true, `${indent}  `))
  return [`${indent}{`, ...fields, `${indent}}${suffix}`]
}

function fieldLines (name: string, value: Shape, isRequired: boolean, indent: string): string[] {
  const choices = value.anyOf?.filter(({ type }) => type !== 'null') ?? []
  const only = choices.length === 1 && choices[0] !== undefined ? choices[0] : value
  const orNull = value.anyOf?.some(({ type }) => type === 'null') === true ? ' | null' : ''
  const key = `${/^\w+$/.test(name) ? name : JSON.stringify(name)}${isRequired ? '' : '?'}: `
  const [first = '', ...rest] = typeLines(only, indent)
  const last = rest.pop()
  const opening = `${indent}${key}${first.trimStart()}`
  return last === undefined ? [`${opening}${orNull}`] : [opening, ...rest, `${last}${orNull}`]
}

function wordOf (shape: Shape): string {
  if (shape.const !== undefined) return JSON.stringify(shape.const)
  if (shape.enum !== undefined) return shape.enum.map(value => JSON.stringify(value)).join(' | ')
  if (shape.anyOf !== undefined) return shape.anyOf.map(wordOf).join(' | ')
  if (shape.type === 'array') return `${wordOf(shape.items ?? {})}[]`
  const types = typeof shape.type === 'string' ? [shape.type] : shape.type ?? ['anything']
  return types.map(type => type === 'integer' ? 'number' : type).join(' | ')
}
