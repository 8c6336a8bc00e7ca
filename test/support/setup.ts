import '../../node/polyfills.ts'
