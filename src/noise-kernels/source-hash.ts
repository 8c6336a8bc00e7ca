/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = '9663820b6e76e61f'
