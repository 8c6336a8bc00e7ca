/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = '5ba1b3ed473dd4ef'
