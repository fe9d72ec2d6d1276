import type { Denial, RouteEntry } from '../call/index.ts';

interface DenialParts {
  readonly missing: string;
  readonly nearest?: boolean;
  readonly missingScopes?: readonly string[];
  readonly whose?: string | undefined;
}

export function denial(
  code: Denial['code'],
  rule: RouteEntry | undefined,
  parts: DenialParts,
): Denial {
  const { missing, nearest = false, missingScopes = [], whose } = parts;
  return { allowed: false, code, rule, nearest, missing, missingScopes, whose };
}
