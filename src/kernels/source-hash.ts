/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = '91ddf13c25628b8f'
