/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = '53c3009e8d16ab3a'
