export {
  addSigningKey,
  publicFileOf,
  readSigningKeys,
  retireSigningKey,
  type SigningKeys,
} from './key-file.ts';
export { PROOF_ALGORITHMS } from './algorithms.ts';
export {
  generateSigningKey,
  publicJwks,
  signAccessToken,
  type AccessTokenClaims,
  type SigningKey,
} from './mint.ts';
export { TokenCache, type TokenCacheOptions } from './exchange-cache.ts';
export { tokenServiceShape } from './exchange-section.ts';
export { endTask, registerTask, type GrantedTask, type TaskWish } from './exchange-task.ts';
export {
  askForToken,
  isGrantOver,
  type FormAnswer,
  type GrantedToken,
  type PostForm,
  type TokenWish,
} from './exchange.ts';
export type { FetchKeys, KeysAnswer, KeysRequest } from './published.ts';
export {
  createVerifier,
  type GenuineToken,
  type IssuerHealth,
  type TokenVerifier,
  type VerifierOptions,
} from './verifier.ts';
