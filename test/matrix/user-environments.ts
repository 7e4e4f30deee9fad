import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { LayoutImage } from '../support/bases.ts'
import { run, succeeded } from '../support/command.ts'
import { executorPath } from '../support/dist.ts'
import { hearth } from '../support/hearth.ts'
import { podmanEnvironment } from '../support/kube-podman.ts'
import { makeHome, runAsUser } from '../support/ordinary-user.ts'
import { containersProfile, dockerProfile } from '../support/seccomp-profiles.ts'
import { volumes } from './container-environments.ts'
import { type Environment, executorArguments, inContainer } from './environments.ts'

/** hearth and no container: by root, and by a user with subordinate ids. */
export function machineEnvironments(directory: string): readonly Environment[] {
  const home = makeHome(directory)
  return [
    { title: 'root, no container', build: (request) => hearth(executorArguments(request), { timeout: 600 }) },
    {
      title: 'ordinary user, no container',
      build: (request) =>
        runAsUser(home, [process.execPath, executorPath, ...executorArguments(request)], { timeout: 600 }),
    },
  ]
}

/** hearth's image in containers of podman's that an ordinary user starts. */
export async function rootlessEnvironments(directory: string, executor: LayoutImage): Promise<readonly Environment[]> {
  const home = makeHome(directory)
  const runtime = join(directory, 'run')
  mkdirSync(runtime, { mode: 0o700 })
  const env = { ...podmanEnvironment(home), XDG_RUNTIME_DIR: runtime }
  await run('chown', ['-R', '--reference', home, join(home, 'podman'), runtime])
  const asUser = { env, ownProcesses: true }
  // podman makes a name of the path, and names have no capital letters.
  const pull = ['podman', 'pull', '--quiet', `oci:${basename(executor.layout)}:${executor.name}`]
  const image = succeeded(await runAsUser(home, pull, { ...asUser, cwd: dirname(executor.layout) }), pull).stdout.trim()
  const start = ['podman', 'run', '--rm', '--network', 'none', '--pull', 'never']
  const rows = { "Docker's profile": dockerProfile(), "podman's profile": containersProfile }
  return Object.entries(rows).map(([title, profile]) => ({
    title: `rootless podman, ${title}`,
    build: (request) => {
      const flags = ['--cap-add=AUDIT_WRITE,MKNOD,NET_RAW', `--security-opt=seccomp=${profile}`, ...volumes(request)]
      const argv = [...start, ...flags, image, ...executorArguments(inContainer)]
      return runAsUser(home, argv, { ...asUser, timeout: 600 })
    },
  }))
}
