import { identity, authentication, type Failure } from './failure.ts';

/** Who somebody is, and whether that is proven. */
export const CERTIFICATES = {
  NO_CERTIFICATE: {
    ...identity,
    caller: 'A client certificate is required. Stop: calling again without one cannot succeed.',
    operator: 'The caller showed no client certificate.',
    remedy:
      'Give the caller its certificate and key (sidegate ca mint NAME); with curl: --cert and --key.',
  },
  CERTIFICATE_NOT_SVID: {
    ...identity,
    caller: 'The client certificate does not carry an identity that can be used here. Stop.',
    operator:
      'The certificate is no X.509-SVID: it needs exactly one URI name with a SPIFFE ID that has a path, and the usages of a leaf.',
    remedy: 'Issue the certificate by the SVID profile, e.g. with sidegate ca mint NAME.',
  },
  FOREIGN_TRUST_DOMAIN: {
    ...authentication,
    caller:
      'The client certificate could not be verified. Stop: calling again with it cannot succeed.',
    operator: 'The certificate claims a trust domain that has no roots here.',
    remedy: "If the domain is to be trusted, add it with its roots under 'trust' in sidegate.yaml.",
  },
  UNTRUSTED_CERTIFICATE: {
    ...authentication,
    caller:
      'The client certificate could not be verified. Stop: calling again with it cannot succeed.',
    operator: 'The certificate does not chain to the roots of the trust domain that it claims.',
    remedy:
      "If the caller is genuine, compare its issuer with the roots under 'trust' in sidegate.yaml; otherwise somebody is pretending.",
  },
  CERTIFICATE_EXPIRED: {
    ...authentication,
    caller: 'The client certificate is outside its validity. Stop until it has been renewed.',
    operator: 'The certificate has expired or is not valid yet.',
    remedy: 'Renew it (sidegate ca renew), and compare the clocks of both machines.',
  },
  CERTIFICATE_REVOKED: {
    ...authentication,
    caller: 'The client certificate is no longer accepted. Stop.',
    operator: 'The certificate is on the revocation list of its trust domain.',
    remedy: 'If the agent is to call again, mint it a new certificate.',
  },
  REVOCATION_UNKNOWN: {
    ...authentication,
    blame: 'us',
    caller: 'The client certificate cannot be checked at the moment. Try again later.',
    operator:
      'The revocation list of this trust domain is missing, foreign or out of date, so nobody of it is let in.',
    remedy: "Renew the list (sidegate ca renew), or correct 'crl' under 'trust' in sidegate.yaml.",
  },
  TRUST_CHANGED: {
    ...authentication,
    caller: 'The connection is no longer trusted. Connect anew.',
    operator:
      'The roots changed after this connection was made, and its certificate no longer chains to them.',
    remedy: 'Nothing, if the change was meant; otherwise restore the roots.',
  },
} as const satisfies Record<string, Failure>;
