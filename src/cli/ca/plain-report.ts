import type { CertificateReport } from '../../ca/index.ts';
import { isoTime } from '../json.ts';

/** A report as scripts read it: times in ISO 8601. */
export function plainReport(report: CertificateReport): object {
  const { certificate, ...rest } = report;
  if (certificate === undefined) return rest;
  const { notBefore, notAfter } = certificate;
  const times = { notBefore: isoTime(notBefore), notAfter: isoTime(notAfter) };
  return { ...rest, certificate: { ...certificate, ...times } };
}
