import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { METRICS } from '../../../node/metrics/definitions.ts'
import { PeerMetrics } from '../../../node/metrics/peer-metrics.ts'
import { figures } from './support.ts'

interface Panel { readonly title: string, readonly type: string, readonly targets?: ReadonlyArray<{ readonly expr: string }> }
const dashboard = JSON.parse(readFileSync(new URL('../../../docs/observability/grafana-dashboard.json', import.meta.url), 'utf8')) as { readonly panels: readonly Panel[] }
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const))

/** libp2p registers its metrics when its node is made; these stand for it. */
const OF_LIBP2P = new Set(['libp2p_connection_manager_connections'])

describe('the Grafana dashboard', () => {
  it.each(queries)('%s: names metrics that exist (%s)', async (_, expr) => {
    const told = new Set([...(await new PeerMetrics(() => figures()).text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
    const named = [...expr.matchAll(/\b(?:shoal|libp2p)_[a-z0-9_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
    expect(named.length).toBeGreaterThan(0)
    for (const name of named) expect(told.has(name) || OF_LIBP2P.has(name), name).toBe(true)
  })

  it('asks each metric for labels that it has', () => {
    const labels = new Map<string, readonly string[]>(METRICS.map(({ name, labels }) => [name, labels]))
    for (const [title, expr] of queries) {
      for (const [, name = '', selector = ''] of expr.matchAll(/\b(shoal_[a-z0-9_]+)\{([^}]*)\}/g)) {
        const asked = [...selector.matchAll(/(\w+)=/g)].map(([, label]) => label ?? '').filter(label => label !== 'instance')
        for (const label of asked) expect(labels.get(name), `${title}: ${name}`).toContain(label)
      }
    }
  })

  it('shows everything of ours but who a peer is', () => {
    const shown = queries.map(([, expr]) => expr).join(' ')
    const left = METRICS.map(({ name }) => name).filter(name => !new RegExp(`\\b${name}\\b`).test(shown))
    expect(left).toEqual(['shoal_phase', 'shoal_uptime_seconds', 'shoal_training_budget_steps', 'shoal_training_tokens_total', 'shoal_checkpoints_total', 'shoal_merges_total', 'shoal_round', 'shoal_peers_joined_total', 'shoal_peers_left_total', 'shoal_member_loss_nats'])
  })

  it('keeps registries of several peers apart', async () => {
    const [one, two] = [new PeerMetrics(() => figures()), new PeerMetrics(() => figures({ software: 'shoal/2' }))]
    expect(await one.text()).toContain('software="shoal/1"')
    expect(await two.text()).toContain('software="shoal/2"')
  })
})
