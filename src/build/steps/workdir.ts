import type { WorkdirStep } from '../../plan/step.ts'
import { makeDirectories } from '../../rootfs/make-directories.ts'
import { resolveUser } from '../../run/user.ts'
import { rawPath } from '../../tar/raw-path.ts'

/** Makes the directory and its missing parents, as the stage's user; what exists stays as it is. */
export async function workdirStep(step: WorkdirStep, root: string): Promise<void> {
  const { uid, gid } = resolveUser(root, step.user)
  makeDirectories(root, rawPath(step.path), { uid, gid, mode: 0o755 })
}
