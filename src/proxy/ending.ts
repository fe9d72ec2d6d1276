import { Refusal, failed, type Emit, type End, type Travelling } from '../call/index.ts';

/** Why a call ends here, kept with it. Whatever went wrong: what nobody foresaw is refused, never let through. */
export function refusalOf(call: Travelling, error: unknown, emit: Emit): Refusal {
  // Of a call that had failed before, for the caller left or it was cut, this is but the echo.
  const known = error instanceof Refusal ? error : new Refusal('INTERNAL', '', error);
  const refusal = call.refusal ?? known;
  if (refusal.code === 'INTERNAL')
    emit({
      kind: 'log',
      level: 'error',
      message: `call ${call.id} failed inside Sidegate and was refused`,
      cause: refusal.cause,
    });
  failed(call, refusal);
  return refusal;
}

const BROKEN = {
  callerLeft: 'CALLER_LEFT',
  upstreamBroke: 'UPSTREAM_PROTOCOL',
  cut: 'CUT',
} as const;

/** Keeps with the call how it broke off, if nothing else was wrong with it before. */
export function ended(call: Travelling, { how }: End): void {
  if (how !== 'complete') failed(call, new Refusal(BROKEN[how]));
}
