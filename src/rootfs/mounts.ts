import { fstatSync, readFileSync } from 'node:fs'

/** Mount points at or below a directory, whose path has no symlinks; all raw, one character for each byte. */
export function mountsWithin(directory: string): readonly string[] {
  const below = directory === '/' ? '/' : `${directory}/`
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n')
  const points = lines.map((line) => unescaped(line.split(' ')[4] ?? ''))
  return points.filter((point) => point === directory || point.startsWith(below))
}

/** The kernel writes blanks, line ends and backslashes of a path as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** Tells the mount that an open directory is on from others; where the kernel does not say, its device. */
export function mountIdentity(descriptor: number): string {
  const mount = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1]
  return mount ?? `device ${fstatSync(descriptor).dev}`
}
