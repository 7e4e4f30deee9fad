import { markApt } from '../apt.ts'
import type { Rule } from '../rule.ts'

/** Lists of packages in a layer of their own stay as old as that layer, and later installations go by them. */
export const aptGetUpdateAlone: Rule = {
  name: 'AptGetUpdateAlone',
  origin: 'hearth',
  find: (subject) =>
    markApt(subject, ({ update, install }) =>
      update < 0 || install >= 0
        ? undefined
        : 'apt-get update alone is cached, and grows old: put it into the RUN that installs',
    ),
}
