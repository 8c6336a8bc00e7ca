/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = '1e9a64a1261de0a1'
