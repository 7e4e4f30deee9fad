/** Commands that get the packages a project is made of, by the tool they belong to. */
const tools: readonly (readonly [tool: string, installs: RegExp])[] = [
  ['npm', /\bnpm\s+(?:-\S+\s+)*(?:ci|i|install|clean-install)\b/],
  ['yarn', /\byarn(?:\s+install\b|\s+--\S+|\s*(?:$|[;&|\n]))/],
  ['pnpm', /\bpnpm\s+(?:-\S+\s+)*(?:i|install|fetch)\b/],
  ['bun', /\bbun\s+(?:i|install)\b/],
  ['pip', /\bpip3?\s+(?:-\S+\s+)*install\b.*(?:-r\b|--requirement\b|\s\.(?:$|[\s[;&|]))/],
  ['poetry', /\bpoetry\s+(?:-\S+\s+)*install\b/],
  ['uv', /\buv\s+(?:sync|pip\s+install)\b/],
  ['pipenv', /\bpipenv\s+(?:install|sync)\b/],
  ['go', /\bgo\s+(?:mod\s+(?:download|vendor|tidy)|build|install)\b/],
  ['bundle', /\bbundle(?:\s+install\b|\s*(?:$|[;&|\n]))/],
  ['composer', /\bcomposer\s+(?:-\S+\s+)*(?:i|install)\b/],
  ['cargo', /\bcargo\s+(?:\+\S+\s+)?(?:fetch|vendor|build|install|chef\s+cook)\b/],
  ['mvn', /\bmvnw?\b.*?\s(?:dependency:\S+|compile|package|verify|install|deploy)\b/],
  ['gradle', /\bgradlew?\b.*?\s(?:\S*:)?(?:dependencies|assemble|build|bootJar|installDist|shadowJar|jar)\b/],
  ['dotnet', /\bdotnet\s+(?:restore|build|publish)\b/],
]

/** The tools whose packages a command gets. */
export function toolsUsed(command: string): readonly string[] {
  return tools.filter(([, installs]) => installs.test(command)).map(([tool]) => tool)
}
