import type { WorkdirStep } from '../../plan/step.ts'
import { makeDirectories } from '../../rootfs/make-directories.ts'
import { accountFilesOf } from '../../run/account-texts.ts'
import { resolveUser } from '../../run/user.ts'
import { rawPath } from '../../tar/raw-path.ts'
import type { StepRoot } from '../prepared-step.ts'

/** Makes the directory and its missing parents, as the stage's user; what exists stays as it is. */
export async function workdirStep(step: WorkdirStep, { path, ignored }: StepRoot): Promise<void> {
  const { uid, gid } = resolveUser(await accountFilesOf(path), step.user)
  makeDirectories(path, rawPath(step.path), { uid, gid, mode: 0o755 }, ignored)
}
