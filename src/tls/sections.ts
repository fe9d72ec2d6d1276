import { z } from 'zod';
import { SpiffeIdError, TrustDomain } from '../spiffe/index.ts';

const file = z
  .string({ error: 'must be the name of a file' })
  .min(1, { error: 'must be the name of a file' });

/** Our own certificate and key. */
export const identityShape = z.strictObject({
  cert: file.describe('our certificate, then its intermediates (PEM)'),
  key: file.describe('its private key (PEM)'),
});

const trustDomainName = z.string().superRefine((name, context) => {
  try {
    TrustDomain.parse(name);
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

const domainShape = z.strictObject({
  roots: file.describe('the roots of this domain (PEM)'),
  crl: file.optional().describe('its revocation lists (PEM)'),
});

/** By the name of the trust domain. The roots of one never vouch for another. */
export const trustShape = z
  .record(trustDomainName, domainShape)
  .refine((domains) => Object.keys(domains).length > 0, {
    error: 'must name at least one trust domain',
  });

export type IdentitySection = Readonly<z.output<typeof identityShape>>;
export type TrustSection = Readonly<z.output<typeof trustShape>>;
export type TrustDomainSection = Readonly<z.output<typeof domainShape>>;
