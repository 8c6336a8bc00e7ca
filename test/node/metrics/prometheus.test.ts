import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PeerMetrics } from '../../../node/metrics/peer-metrics.ts'
import { openMetricsPort } from '../../../node/web/ports.ts'
import type { Port } from '../../../node/web/ports.ts'
import { programOr } from '../../support/programs.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'
import { figures, record } from './support.ts'

const program = programOr('SHOAL_PROMETHEUS', 'prometheus')
/** SHOAL_PROMETHEUS_OUTPUT names a file that what Prometheus found is kept in. */
const output = process.env['SHOAL_PROMETHEUS_OUTPUT']

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe.skipIf(program === undefined)(`metrics in Prometheus${program === undefined ? ' (skipped: no prometheus on the path, and SHOAL_PROMETHEUS is not set)' : ''}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let port: Port
  let server: ReturnType<typeof spawn>
  let api: string

  beforeAll(async () => {
    folder = await temporaryFolder()
    const metrics = new PeerMetrics(() => figures())
    metrics.take({ type: 'round', record: record(), bytes: figures().status.bytes })
    const routes = new Hono()
    routes.get('/metrics', async context => context.body(await metrics.text(), 200, { 'content-type': metrics.contentType }))
    port = await openMetricsPort({ place: '0', dataDirectory: folder.path }, routes)
    const config = join(folder.path, 'prometheus.yml')
    writeFileSync(config, `scrape_configs: [{job_name: shoal, scrape_interval: 1s, static_configs: [{targets: ['${new URL(port.url).host}']}]}]\n`)
    const address = `127.0.0.1:${await freePort()}`
    api = `http://${address}/api/v1`
    server = spawn(program ?? '', [`--config.file=${config}`, `--storage.tsdb.path=${join(folder.path, 'data')}`, `--web.listen-address=${address}`], { stdio: 'ignore' })
  })
  afterAll(async () => {
    const ended = once(server, 'exit')
    server.kill()
    await ended
    await port.close()
    await folder.remove()
  })

  /** The value of a query once there is one. */
  async function value (query: string): Promise<string> {
    for (;;) {
      const answer = await fetch(`${api}/query?query=${encodeURIComponent(query)}`).then(async response => response.json() as Promise<{ data?: { result: ReadonlyArray<{ value: readonly [number, string] }> } }>).catch(() => undefined)
      const found = answer?.data?.result[0]?.value[1]
      if (found !== undefined) {
        if (output !== undefined) appendFileSync(output, `${query} => ${found}\n`)
        return found
      }
      await pause(200)
    }
  }

  it('are scraped as they are told', async () => {
    expect(await value('up{job="shoal"} == 1')).toBe('1')
    expect(await value('shoal_training_loss_nats')).toBe('3.5')
    expect(await value('sum(shoal_bytes_total{kind="wire"})')).toBe('7')
    expect(await value('histogram_quantile(0.5, shoal_round_wait_seconds_bucket{outcome="averaged"})')).toBe('1.5')
    expect(await value('count(shoal_peer_info{run="evening"})')).toBe('1')
  })
})
