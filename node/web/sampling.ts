import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import { reasonOf } from '../../src/errors.ts'
import type { TextRequest } from '../../src/training/text-sampling.ts'
import { refuse, usage } from '../api/routes.ts'
import { sampleRequestSchema } from './swarm-schema.ts'

export interface Writing {
  readonly onText: (piece: string) => void
  readonly signal: AbortSignal
}

/** Continues a text with the weights of this moment. */
export type Write = (request: TextRequest, writing: Writing) => Promise<unknown>

/** A request with the longest prompt takes a few kilobytes. */
const MAXIMUM_BODY_BYTES = 64 * 1024

/** Answers `POST /v1/sample`: one text at a time, for each takes time from training; who goes away ends it. */
export class Sampler {
  #isWriting = false

  async answer (context: Context, write: Write | undefined): Promise<Response> {
    if (write === undefined) return refuse(context, usage('this peer writes no text', 'its model sorts examples, or is not open yet', 'a run of text, or the same in a moment'), 409)
    if (Number(context.req.header('content-length') ?? Infinity) > MAXIMUM_BODY_BYTES) {
      return refuse(context, usage('the request is not read', `it is longer than ${MAXIMUM_BODY_BYTES} bytes, or does not say how long it is`, 'a shorter prompt, with a content-length'), 413)
    }
    const request = sampleRequestSchema.safeParse(await context.req.json().catch(() => undefined))
    if (!request.success) {
      return refuse(context, usage('this is no request for text', request.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join(', '), 'docs/api.md says what it takes'), 400)
    }
    if (this.#isWriting) return refuse(context, usage('this peer writes one text at a time', 'it is writing another one', 'the same when that is done'), 429)
    this.#isWriting = true
    context.header('content-type', 'text/plain; charset=utf-8')
    return stream(context, async out => {
      const stop = new AbortController()
      out.onAbort(() => { stop.abort() })
      let written = Promise.resolve()
      try {
        await write(request.data, {
          signal: stop.signal,
          onText: piece => { written = written.then(async () => { await out.write(piece) }) }
        })
        await written
      } finally {
        this.#isWriting = false
      }
    }, async (error, out) => {
      await out.write(`\n[the text ends here: ${reasonOf(error)}]`)
    })
  }
}
