export {
  deleteDocument,
  fetchDocument,
  placeOf,
  postForm,
  type Document,
  type DocumentBounds,
  type DocumentWish,
} from './document.ts';
export type { Exchange, UpstreamRequest } from './exchange.ts';
export type { Dial, Dialled, StillGood } from './peer-line.ts';
export {
  PeerPool,
  peerAuthority,
  type PeerExchange,
  type PeerPlace,
  type PeerPoolOptions,
} from './peer-pool.ts';
export {
  authorityOf,
  isLocal,
  parseUpstream,
  showTarget,
  upstreamShape,
  type UpstreamTarget,
} from './target.ts';
export { createUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';
