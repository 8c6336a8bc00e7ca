import type { ComponentLogger, Metrics } from '@libp2p/interface'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import type { Registry } from 'prom-client'

export type LibraryMetrics = (components: { readonly logger: ComponentLogger }) => Metrics

/**
 * libp2p's own metrics in a registry of ours: dials, connections, streams, the peer store. Bytes stay with the byte meter, which
 * also counts what libp2p pushes back, so libp2p's counter of them is left out rather than shown empty.
 */
export function libp2pMetrics (registry: Registry): LibraryMetrics {
  return components => {
    const metrics = prometheusMetrics({ registry, collectDefaultMetrics: false })(components)
    registry.removeSingleMetric('libp2p_data_transfer_bytes_total')
    return metrics
  }
}
