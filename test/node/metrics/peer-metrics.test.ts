import { describe, expect, it } from 'vitest'
import { METRICS } from '../../../node/metrics/definitions.ts'
import { PeerMetrics } from '../../../node/metrics/peer-metrics.ts'
import { figures, OTHER, record, SELF } from './support.ts'

describe('metrics of a peer', () => {
  it('tell what it has done, in Prometheus’ words', async () => {
    const metrics = new PeerMetrics(() => figures())
    metrics.take({ type: 'round', record: record(), bytes: figures().status.bytes })
    metrics.take({ type: 'round', record: record({ outcome: 'solo', members: [SELF], waitedMs: 0 }), bytes: figures().status.bytes })
    metrics.take({ type: 'peer-rejected', peerId: OTHER, code: 'WRONG_RUN', sentence: 'no', by: 'us' })
    metrics.take({ type: 'progress', step: 10, tokens: 5120, loss: 3.5, tokensPerSecond: 1200, bytes: figures().status.bytes })
    const lines = (await metrics.text()).split('\n')
    for (const line of [
      'shoal_training_steps_total 10', 'shoal_training_tokens_total 5120', 'shoal_training_loss_nats 3.5',
      'shoal_rounds_total{outcome="averaged"} 1', 'shoal_rounds_total{outcome="solo"} 1', 'shoal_consensus_distance 0.25',
      'shoal_codec_relative_error 0.01', 'shoal_codec_bits_per_value 8.25',
      'shoal_bytes_total{kind="wire",direction="received"} 4', 'shoal_protocol_bytes_total{protocol="/shoal/exchange/1",direction="sent"} 1234',
      'shoal_peers{state="training"} 2', 'shoal_peers{state="done"} 1', `shoal_member_loss_nats{peer="${OTHER}"} 4.5`,
      'shoal_refusals_total{code="WRONG_RUN",by="us"} 1', 'shoal_event_loop_delay_seconds 0.007', 'shoal_memory_bytes{kind="resident"} 100',
      'shoal_round_wait_seconds_count{outcome="averaged"} 1', 'shoal_round_wait_seconds_sum{outcome="averaged"} 1.5', 'shoal_round_wait_seconds_bucket{le="1",outcome="averaged"} 0'
    ]) expect(lines).toContain(line)
  })

  it('leave out what is not known instead of telling zero', async () => {
    const metrics = new PeerMetrics(() => figures({ status: { ...figures().status, loss: null } }))
    const text = await metrics.text()
    expect(text).not.toMatch(/^shoal_training_loss_nats /m)
    expect(text).not.toMatch(/^shoal_held_out_loss_nats /m)
    expect(text).not.toMatch(/^shoal_consensus_distance /m)
  })

  it('are the same however often they are asked for', async () => {
    const metrics = new PeerMetrics(() => figures())
    expect(await metrics.text()).toBe(await metrics.text())
  })

  it('keep labels few however many members there are', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ ...figures().peers[0]!, peerId: `peer${index}` }))
    const text = await new PeerMetrics(() => figures({ peers: many })).text()
    expect(text.match(/^shoal_member_loss_nats\{/gm)).toHaveLength(32)
  })

  it('have names and units as Prometheus wants them', () => {
    for (const { name, kind, help } of METRICS) {
      expect(name).toMatch(/^shoal_[a-z0-9_]+$/)
      expect(name.endsWith('_total'), name).toBe(kind === 'counter')
      expect(help, name).toMatch(/^[A-Z].*\.$/)
    }
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length)
  })
})
