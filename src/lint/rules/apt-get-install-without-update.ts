import { markApt } from '../apt.ts'
import type { Rule } from '../rule.ts'

export const aptGetInstallWithoutUpdate: Rule = {
  name: 'AptGetInstallWithoutUpdate',
  origin: 'hearth',
  find: (subject) =>
    markApt(subject, ({ update, install }) =>
      install < 0 || (update >= 0 && update < install)
        ? undefined
        : 'the lists of packages may be older than the archive: run apt-get update in the same RUN, before installing',
    ),
}
