import { authentication, ours, type Failure } from './failure.ts';

/** Access tokens, and whether they belong to the call. */
export const TOKENS = {
  TOKEN_MISSING: {
    ...authentication,
    caller: 'An access token is required. Stop until you have one for this service.',
    operator: 'The route takes a token, and none came.',
    remedy:
      "Have the caller fetch one from an issuer of the policy; or say 'token: optional' on the route, with 'withoutToken'.",
  },
  TOKEN_NOT_TAKEN: {
    ...authentication,
    caller: 'No access token is taken here. Stop: send none.',
    operator:
      'The route takes no token, and one came. It is refused, for nobody would have looked at it.',
    remedy: "If calls with a token should be taken, say 'token' on the route.",
  },
  TOKEN_MALFORMED: {
    ...authentication,
    caller: 'The access token cannot be read. Stop: it cannot succeed in this form.',
    operator: 'What came in Authorization is no signed JWT access token (RFC 9068).',
    remedy: 'The detail names what is wrong with it; the issuer or the caller must mend that.',
  },
  TOKEN_UNTRUSTED: {
    ...authentication,
    caller: 'The access token is not accepted. Stop: get another one.',
    operator:
      'No issuer of the policy vouches for this token: unknown issuer, key or algorithm, or a wrong signature.',
    remedy:
      "If the issuer is genuine, compare its entry under 'issuers' in the policy; otherwise somebody is pretending.",
  },
  TOKEN_EXPIRED: {
    ...authentication,
    caller: 'The access token is outside its validity. Get a new one.',
    operator: 'The token has expired or is not valid yet.',
    remedy: 'Nothing, unless it happens often: then compare the clocks of both machines.',
  },
  TOKEN_WRONG_AUDIENCE: {
    ...authentication,
    caller: 'The access token is for another service. Stop: get one for this service.',
    operator: 'The token was issued for somebody else, and is not taken here.',
    remedy:
      "Have the caller ask for our audience; or correct 'audiences' of the issuer in the policy.",
  },
  TOKEN_UNBOUND: {
    ...authentication,
    caller: 'The access token must be bound to a key. Stop: get one that is.',
    operator: 'The token is bound to no certificate or key, so that whoever has it could use it.',
    remedy:
      "Have the issuer bind its tokens (RFC 8705); if it cannot, say 'binding: whenPresent' at the issuer, and know that its tokens can be stolen.",
  },
  TOKEN_BOUND_ELSEWHERE: {
    ...authentication,
    caller: 'The access token belongs to another client. Stop.',
    operator: 'The token is bound to another certificate or key than the one that presents it.',
    remedy:
      'If the caller has just renewed its certificate, it must fetch a new token; otherwise the token was stolen.',
  },
  TOKEN_WRONG_PRESENTER: {
    ...authentication,
    caller: 'The access token belongs to another client. Stop.',
    operator: 'The token was issued to another client than the agent that presents it.',
    remedy:
      "If they are the same, name the client under 'clients' of the agent; otherwise the token was stolen.",
  },
  TOKEN_PROOF_INVALID: {
    ...authentication,
    caller: 'The proof that belongs to the access token is missing or wrong.',
    operator: 'The DPoP proof (RFC 9449) is missing, does not fit the call, or was used before.',
    remedy:
      'The detail names what is wrong; compare the clocks, and the public URL that the caller signs.',
  },
  ISSUER_UNAVAILABLE: {
    ...ours,
    stage: 'authentication',
    caller: 'The access token cannot be checked at the moment. Try again later.',
    operator: 'The keys of the issuer are not at hand, so none of its tokens is believed.',
    remedy: "See that 'keys' of the issuer can be reached from here; the log names the reason.",
  },
} as const satisfies Record<string, Failure>;
