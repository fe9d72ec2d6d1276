export type { Exchange, UpstreamRequest } from './exchange.ts';
export {
  authorityOf,
  isLocal,
  parseUpstream,
  showTarget,
  upstreamShape,
  type UpstreamTarget,
} from './target.ts';
export { createUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';
