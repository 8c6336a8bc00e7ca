import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { Sampler } from '../../../node/web/sampling.ts'
import type { Write } from '../../../node/web/sampling.ts'

function asking (write: Write | undefined): (body: unknown, signal?: AbortSignal) => Promise<Response> {
  const sampler = new Sampler()
  const routes = new Hono().post('/v1/sample', async context => sampler.answer(context, write))
  return async (body, signal) => {
    const text = JSON.stringify(body)
    return routes.request('/v1/sample', { method: 'POST', body: text, headers: { 'content-length': String(text.length) }, ...signal === undefined ? {} : { signal } })
  }
}

describe('text from the weights of this moment', () => {
  it('comes as it is written', async () => {
    const ask = asking(async ({ prompt, tokens }, { onText }) => {
      for (const piece of [prompt, ' + ', String(tokens)]) onText(piece)
      await Promise.resolve()
    })
    const answer = await ask({ prompt: 'We', tokens: 3 })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('We + 3')
  })

  it('is asked for in bounds', async () => {
    const ask = asking(async () => Promise.reject(new Error('never asked')))
    for (const body of [{}, { prompt: 7 }, { prompt: 'x', tokens: 0 }, { prompt: 'x', tokens: 1e9 }, { prompt: 'x', unknown: 1 }, 'text', null]) {
      expect((await ask(body)).status, JSON.stringify(body)).toBe(400)
    }
    expect((await ask({ prompt: 'x'.repeat(100_000) })).status).toBe(413)
  })

  it('is written once at a time, and again after a failure', async () => {
    let finish: (() => void) | undefined
    let fail = false
    const ask = asking(async () => {
      if (fail) throw new Error('the trainer is gone')
      await new Promise<void>(resolve => { finish = resolve })
    })
    const first = await ask({ prompt: 'a' })
    expect((await ask({ prompt: 'b' })).status).toBe(429)
    finish?.()
    await first.text()
    fail = true
    expect(await (await ask({ prompt: 'c' })).text()).toContain('the trainer is gone')
    fail = false
    const last = await ask({ prompt: 'd' })
    expect(last.status).toBe(200)
    finish?.()
    await last.text()
  })

  it('is refused with a reason by a model that writes none', async () => {
    const answer = await asking(undefined)({ prompt: 'x' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ error: { code: 'USAGE', message: expect.stringContaining('writes no text') as string } })
  })
})
