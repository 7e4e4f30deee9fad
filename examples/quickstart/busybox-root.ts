import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian's busybox-static puts its one program, which needs no library. */
export const busyboxProgram = '/bin/busybox'

/** Environment and command of the busybox base image. */
export const busyboxConfig = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
  Cmd: ['sh'],
}

const directories = [
  'bin',
  'dev',
  'etc',
  'home',
  'proc',
  'root',
  'sbin',
  'sys',
  'tmp',
  'usr/bin',
  'usr/local/bin',
  'var',
]

/** Fills an empty directory with a small root filesystem: busybox under all its names, a few users, an empty /tmp. */
export function makeBusyboxRoot(root: string, program = busyboxProgram): void {
  for (const directory of directories) mkdirSync(join(root, directory), { recursive: true, mode: 0o755 })
  chmodSync(join(root, 'root'), 0o700)
  chmodSync(join(root, 'tmp'), 0o1777)
  copyFileSync(program, join(root, 'bin/busybox'))
  chmodSync(join(root, 'bin/busybox'), 0o755)
  const applets = new Set(execFileSync(program, ['--list'], { encoding: 'utf8' }).trim().split('\n'))
  applets.delete('busybox')
  for (const applet of applets) symlinkSync('busybox', join(root, 'bin', applet))
  const users = ['root:x:0:0:root:/root:/bin/sh', 'daemon:x:1:1:daemon:/usr/sbin:/bin/false']
  writeFileSync(join(root, 'etc/passwd'), `${[...users, 'nobody:x:65534:65534:nobody:/:/bin/false'].join('\n')}\n`)
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n')
}
