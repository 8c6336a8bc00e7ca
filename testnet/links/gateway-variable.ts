/** In the environment of a peer of a testnet: the port of its gateway. */
export const GATEWAY_VARIABLE = 'SHOAL_TESTNET_GATEWAY'
