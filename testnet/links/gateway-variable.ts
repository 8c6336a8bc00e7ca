/** In the environment of a peer of a testnet: its gateway, as a port of 127.0.0.1 or as `host:port`. */
export const GATEWAY_VARIABLE = 'SHOAL_TESTNET_GATEWAY'
