/** What RFC 6749, 8693 and 8707 let a client be told. */
export type OAuthCode =
  | 'invalid_request'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'temporarily_unavailable';

/** Why there is no token. The client is told the code; `detail` is for the operator and never holds a token. */
export class TokenRefusal extends Error {
  readonly code: OAuthCode;
  readonly detail: string;

  constructor(code: OAuthCode, detail: string) {
    super(detail);
    this.name = 'TokenRefusal';
    this.code = code;
    this.detail = detail;
  }
}
