import { readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMetricsPort } from '../../../node/web/ports.ts'
import type { Port } from '../../../node/web/ports.ts'
import { swarmSchema } from '../../../node/web/swarm-schema.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'
import { openExamplePage, PEERS } from './page-port.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let page: Port
beforeAll(async () => {
  folder = await temporaryFolder()
  page = await openExamplePage(folder.path, undefined)
})
afterAll(async () => {
  await page.close()
  await folder.remove()
})

/** With a Host header of one's own, which fetch would not send. */
async function statusOf (url: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, response => {
      response.resume()
      resolve(response.statusCode)
    }).on('error', reject).end()
  })
}

describe('the page’s port', () => {
  it('gives the page with a policy that lets nothing else in', async () => {
    const answer = await fetch(`${page.url}/`)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    const text = await answer.text()
    expect(text).toContain('<html lang="en">')
    expect(text).not.toMatch(/https?:\/\//)
    expect(text).not.toMatch(/<style|style=|onclick=|<script>/)
    for (const path of ['/page.js', '/page.css', '/icon.svg']) expect((await fetch(page.url + path)).status, path).toBe(200)
    expect((await fetch(`${page.url}/../package.json`)).status).toBe(404)
  })

  it('is 200 kB at most', async () => {
    const sizes = await Promise.all(['/', '/page.js', '/page.css', '/icon.svg'].map(async path => (await (await fetch(page.url + path)).arrayBuffer()).byteLength))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(200_000)
  })

  it('answers what the page asks', async () => {
    const swarm = swarmSchema.parse(await (await fetch(`${page.url}/v1/swarm`)).json())
    expect(swarm.peers.map(({ peerId }) => peerId)).toEqual(PEERS)
    expect((await fetch(`${page.url}/v1/status`)).status).toBe(200)
  })

  it('says what is not there as the API does', async () => {
    const answer = await fetch(`${page.url}/v1/nothing`)
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'USAGE', message: 'there is no GET /v1/nothing' } }])
  })

  it('lets nobody do more than look', async () => {
    for (const path of ['/v1/shutdown', '/v1/pause', '/v1/merge', '/v1/check']) expect((await fetch(page.url + path, { method: 'POST' })).status, path).toBe(403)
  })

  it('answers neither other names nor other pages', async () => {
    const { port } = new URL(page.url)
    expect(await statusOf(`${page.url}/v1/status`, { host: `evil.example:${port}` })).toBe(403)
    expect(await statusOf(`${page.url}/v1/status`, { origin: 'http://evil.example' })).toBe(403)
    expect(await statusOf(`${page.url}/v1/sample`, { origin: 'null' }, 'POST')).toBe(403)
    expect(await statusOf(`${page.url}/v1/status`, { host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(200)
  })

  it('cannot be opened where somebody is, nor on what is no address', async () => {
    const { port } = new URL(page.url)
    const routes = new Hono()
    await expect(openMetricsPort({ place: port, dataDirectory: folder.path }, routes)).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    for (const place of ['0.0.0.0:0', 'here', '127.0.0.1:99999']) {
      await expect(openMetricsPort({ place, dataDirectory: folder.path }, routes), place).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    }
  })
})

const outer = Object.values(networkInterfaces()).flat().find(address => address?.family === 'IPv4' && !address.internal)?.address

describe(`a port that other machines reach${outer === undefined ? ' (skipped: this machine has no address but loopback)' : ''}`, () => {
  it.skipIf(outer === undefined)('needs the token of the data directory, which only its owner can read', async () => {
    const metrics = new Hono()
    metrics.get('/metrics', context => context.text('shoal_up 1'))
    const port = await openMetricsPort({ place: `${outer ?? ''}:0`, dataDirectory: folder.path }, metrics)
    try {
      expect(port.needsToken).toBe(true)
      const file = join(folder.path, 'api.token')
      if (process.platform !== 'win32') expect(statSync(file).mode & 0o077).toBe(0)
      const token = readFileSync(file, 'utf8').trim()
      expect(await statusOf(`${port.url}/metrics`, {})).toBe(401)
      expect(await statusOf(`${port.url}/metrics`, { authorization: 'Bearer guess' })).toBe(401)
      expect(await statusOf(`${port.url}/metrics`, { authorization: `Bearer ${token}` })).toBe(200)
      expect(await statusOf(`${port.url}/healthz`, {})).toBe(200)
    } finally {
      await port.close()
    }
  })
})
