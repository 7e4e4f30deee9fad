import { HearthError } from '../errors.ts'
import type { Identity } from '../sys/identity.ts'
import { holdsID, knownIDs, moreIDs, ownIDs } from '../sys/own-ids.ts'

/** Throws "user-unknown" when a user or one of its groups has no id in the user namespace that hearth works in. */
export function requireIDs({ uid, gid, groups }: Identity): void {
  const known = { uid: ownIDs('uid'), gid: ownIDs('gid') }
  const missing = [
    ...(holdsID(known.uid, uid) ? [] : [`user ${uid}`]),
    ...[...new Set([gid, ...groups])].filter((id) => !holdsID(known.gid, id)).map((id) => `group ${id}`),
  ]
  if (missing.length === 0) return
  const message = `The command cannot be run as ${missing.join(', ')}`
  throw new HearthError({ code: 'user-unknown', message, why: knownIDs(), fix: moreIDs })
}
