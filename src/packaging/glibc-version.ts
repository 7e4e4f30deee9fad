import type { Program } from './program.ts'
import { refused } from './refused.ts'

/** From here on the name services "files" and "dns" are part of the C library; before, they were files of their own. */
const oldest = { major: 2, minor: 34 }

/** The version of a C library, "2.36". Throws when it is unknown or too old for the image. */
export function glibcVersion({ path, bytes }: Program): string {
  const banner = /GNU C Library [^\0\n]*? version (\d+)\.(\d+)/.exec(bytes.toString('latin1'))
  const [major, minor] = [Number(banner?.[1]), Number(banner?.[2])]
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return `${major}.${minor}`
  throw refused({
    message: banner === null ? 'This C library does not tell its version' : `This C library is glibc ${major}.${minor}`,
    where: path,
    why: `glibc ${oldest.major}.${oldest.minor} is the first that looks names up without loading further files`,
    fix: 'Take the libraries from Debian 12 or newer (DEBIAN_IMAGE).',
  })
}
