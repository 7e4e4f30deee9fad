import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import { layOut } from '../../src/packaging/lay-out.ts'
import type { CommandResult } from './command.ts'
import { podman } from './containers.ts'
import { checkout } from './dist.ts'

/** Where the image has the checkout's sources, beside the compiled program and its packages. */
export const sourceDirectory = '/kaniko/source'

export interface InPlaceImage {
  /** Runs a program in a new container of the image, with what Docker lets containers do. */
  run(command: readonly string[], flags?: readonly string[]): Promise<CommandResult>
}

/** Makes an image of hearth's own /kaniko and of the sources, so that tests can run in it, below `directory`. */
export async function makeInPlaceImage(directory: string): Promise<InPlaceImage> {
  const trees = join(directory, 'trees')
  layOut({ application: checkout, system: '/', output: trees, strip: 'strip' })
  const rootfs = join(directory, 'rootfs')
  for (const name of ['base', 'executor', 'tools']) cpSync(join(trees, name), rootfs, { recursive: true })
  const source = join(rootfs, sourceDirectory)
  mkdirSync(source)
  for (const name of ['package.json', 'src', 'test', 'examples']) {
    cpSync(join(checkout, name), join(source, name), { recursive: true })
  }
  symlinkSync('../app/node_modules', join(source, 'node_modules'))
  const config = { Env: ['PATH=/usr/local/bin:/kaniko', 'HOME=/root', 'TMPDIR=/kaniko/work', 'TZ=UTC'] }
  await writeImageLayout({ rootfs, layout: join(directory, 'layout'), name: 'in-place:1', config })
  const container = podman(directory)
  const pulled = await container.command(['pull', '--quiet', 'oci:layout:in-place:1'], { cwd: directory })
  const profile = join(directory, 'seccomp.json')
  writeFileSync(profile, JSON.stringify(dockerLike))
  return {
    run: (command, flags = []) =>
      container.run(pulled.trim(), command, ['--security-opt', `seccomp=${profile}`, ...flags]),
  }
}

const [notPermitted, notThere] = [1, 38]

/** Forbids what Docker's own profile forbids to containers without CAP_SYS_ADMIN, as far as namespaces and mounts go. */
const dockerLike = {
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [
    {
      names: ['mount', 'umount2', 'unshare', 'setns', 'pivot_root', 'fsopen', 'fsconfig', 'fsmount', 'move_mount'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: notPermitted,
    },
    // Its flags cannot be looked at; programs fall back to clone.
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: notThere },
  ],
}
