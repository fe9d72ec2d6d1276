export type { Fault, Finding, Verification } from './findings.ts';
export type { Vouch, Vouched } from './heads.ts';
export { readLines, type FileLine } from './read-lines.ts';
export { verifyAudit, type VerifyOptions } from './verify.ts';
