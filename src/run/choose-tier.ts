import { HearthError } from '../errors.ts'

/** How commands can be kept apart from the machine without being asked, best first. */
export const tiers = ['overlay', 'namespaces', 'userns', 'in-place'] as const

export type Tier = (typeof tiers)[number] | 'chroot'

export type RequestedTier = 'auto' | Tier

export interface Finding {
  readonly works: boolean
  /** What failed, for a tier that does not work: "EPERM: unshare failed for pid namespace". */
  readonly why?: string
  readonly fix?: string
}

export interface IsolationFacts {
  /** Tiers that were not tried are left out. */
  readonly overlay?: Finding
  readonly namespaces?: Finding
  readonly userns?: Finding
  readonly chroot?: Finding
  /** Building in place deletes what is in "/": only in hearth's own image, or when it is forced. */
  readonly inPlaceAllowed: boolean
}

export interface Choice {
  readonly tier: Tier
  /** One line for the log. */
  readonly reason: string
}

/** The tier to use, and why not a better one. Throws "run-unavailable" when none can be used, or not the one requested. */
export function chooseTier(requested: RequestedTier, facts: IsolationFacts): Choice {
  const candidates = requested === 'auto' ? tiers : [requested]
  const reasons = new Map<string, Tier[]>()
  const refused = (): readonly string[] => [...reasons].map(([why, which]) => `not ${which.join(', ')}: ${why}`)
  for (const tier of candidates) {
    const { works, why } = findingOf(tier, facts)
    if (works) return { tier, reason: [whatItIs(tier, requested), ...refused()].join('; ') }
    const reason = oneLine(why ?? 'it was not tried')
    reasons.set(reason, [...(reasons.get(reason) ?? []), tier])
  }
  throw new HearthError({
    code: 'run-unavailable',
    message:
      requested === 'auto' ? 'Commands cannot be run on this machine' : `--isolation=${requested} does not work here`,
    why: refused().join('\n'),
    fix: fixFor(requested, facts),
  })
}

const inPlaceRefused = 'this is not the image of hearth, and the files of the machine would be deleted'

function findingOf(tier: Tier, facts: IsolationFacts): Finding {
  if (tier !== 'in-place') return facts[tier] ?? { works: false }
  return facts.inPlaceAllowed ? { works: true } : { works: false, why: inPlaceRefused }
}

function whatItIs(tier: Tier, requested: RequestedTier): string {
  const what = {
    overlay: 'commands have mount and PID namespaces of their own, and roots are overlays',
    namespaces: 'commands have mount and PID namespaces of their own',
    userns: 'commands have mount namespaces of their own, in a user namespace',
    chroot: 'commands have a root of their own, and share the processes of this container',
    'in-place': 'commands share the root and the processes of this container',
  }[tier]
  return requested === 'auto' ? what : `${what}, as requested`
}

function fixFor(requested: RequestedTier, { userns, chroot }: IsolationFacts): string {
  if (requested === 'in-place') return 'Run the image of Dockerfile.executor, or use --force if you are sure.'
  const others = 'Run the image of Dockerfile.executor, or run hearth as root with CAP_SYS_ADMIN.'
  return userns?.fix ?? chroot?.fix ?? others
}

function oneLine(text: string): string {
  return text
    .trim()
    .split(/\s*\n\s*/)
    .join('; ')
}
