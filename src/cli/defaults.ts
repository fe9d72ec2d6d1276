export const DEFAULT_CA_FOLDER = 'certs';
export const DEFAULT_TRUST_DOMAIN = 'acme.test';
export const DEFAULT_CONFIG = 'sidegate.yaml';
export const DEFAULT_POLICY = 'policy.yaml';
export const JSON_HELP = 'print JSON for scripts';
export const DEFAULT_STS_CONFIG = 'sts.yaml';
