import fc from 'fast-check'
import '../../node/polyfills.ts'

/** Property tests draw the same inputs in every run, so that none of them fails by chance; SHOAL_PROPERTY_SEED lets them look further. */
fc.configureGlobal({ seed: Number(process.env['SHOAL_PROPERTY_SEED'] ?? 1) })
