/** Of the sources in `assembly`; written by the build, under version control. */
export const SOURCE_HASH = '57adc848eb9be783'
