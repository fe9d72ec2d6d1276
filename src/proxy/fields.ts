/** Field names as servers behind us may fold them: lower case, and `-` for whatever is no letter or digit. */
export function foldName(name: string): string {
  const lower = name.toLowerCase();
  // Most have nothing to fold, and that is told faster.
  return /[^a-z0-9-]/.test(lower) ? lower.replace(/[^a-z0-9]/g, '-') : lower;
}

/** Fields that Sidegate makes anew: what the caller says there is read by us and never passed on. */
const REMADE: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'max-forwards',
  'x-request-id',
  'via',
  'traceparent',
  'tracestate',
  'authorization',
  'dpop',
]);

/** Fields by which some server believes who calls, or what is called. */
const CLAIMS: ReadonlySet<string> = new Set([
  'forwarded',
  'client-cert',
  'client-cert-chain',
  'remote-addr',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-user',
  'x-user-id',
  'x-email',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-original-method',
  'x-original-forwarded-for',
  'x-rewrite-url',
  'x-override-url',
  'x-script-name',
  'script-name',
  'path-info',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
  // CGI makes it HTTP_PROXY, which HTTP clients of the agent would obey (CVE-2016-5385).
  'proxy',
  // Rack would have the server send a file of the caller's choice (CVE-2025-61780).
  'x-sendfile-type',
  'x-accel-mapping',
  'txn-token',
  'workload-identity-token',
  'workload-proof-token',
]);

const CLAIM_PREFIXES: readonly string[] = [
  'x-sidegate-',
  'x-forwarded-',
  'x-spiffe-',
  'x-agent-',
  'x-client-cert',
  'x-ssl-',
  'ssl-client-',
  'x-tls-',
  'x-mtls-',
  'x-auth-request-',
  'x-webauth-',
  'x-remote-',
  'remote-user',
  'remote-group',
  'remote-name',
  'remote-email',
  'x-authenticated-',
  'x-amzn-mtls-',
  'x-amzn-oidc-',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-ms-client-principal',
  'cf-access-',
  'tailscale-user-',
  'x-pomerium-',
  'x-authentik-',
  'x-envoy-',
  'x-istio-',
  'l5d-',
];

/** One look at a name instead of one for each prefix; they hold nothing but letters, digits and `-`. */
const CLAIM_PREFIX = new RegExp(`^(?:${CLAIM_PREFIXES.join('|')})`);

/** A folded name by which some server believes who calls, or what is called. */
export function claimsIdentity(folded: string): boolean {
  return CLAIMS.has(folded) || folded === 'x-forwarded' || CLAIM_PREFIX.test(folded);
}

export function isRemade(folded: string): boolean {
  return REMADE.has(folded);
}

/** Of these, a second line is refused: servers differ in which one they believe. */
const SINGLE: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'dpop',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'x-request-id',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
]);

/** By its name, or by its folded name, for some server reads it so. */
export function isSingle(name: string): boolean {
  return SINGLE.has(name);
}

/** What `Connection` may name. Anything else there could make a later hop drop a field that matters. */
const CONNECTION_OPTIONS: ReadonlySet<string> = new Set([
  'close',
  'keep-alive',
  'upgrade',
  'te',
  'http2-settings',
  'proxy-connection',
]);

export function isConnectionOption(option: string): boolean {
  return CONNECTION_OPTIONS.has(option);
}
