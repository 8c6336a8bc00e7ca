/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = 'd738e23363833f34'
