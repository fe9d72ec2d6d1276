import type { Server } from 'node:net';
import type { VerifiedPeer } from '../call/index.ts';
import type { StsConfig } from '../config/index.ts';
import { renderListen, systemClock, type Clock } from '../lib/index.ts';
import { Refusals } from '../proxy/index.ts';
import { KillSwitch } from '../state/index.ts';
import { bind, startAdmin, startStatus } from '../status/index.ts';
import { TaskGrants, TokenDoor, TokenService, type SigningKeys } from '../sts/index.ts';
import { createTelemetry, type Telemetry } from '../telemetry/index.ts';
import { createTlsServer, stillTrusted } from '../tls/index.ts';
import { createVerifier, type TokenVerifier } from '../token/index.ts';
import { awaitCredentials } from './credentials.ts';
import { watchConfiguration } from './reloader.ts';
import { Sealer } from './sealer.ts';
import { stsHandlers } from './sts-admin.ts';
import { registryOf } from './sts-registry.ts';
import { StsReloader, StsSources } from './sts-sources.ts';
import { ownIssuer, subjectReader, withOwnKeys } from './sts-subject.ts';
import type { TokenServer, TokenServerOptions } from './token-server.ts';
import { keysOver } from './tokens.ts';

/** Milliseconds. */
const START_WAIT = 10_000;
const DRAIN = 10_000;
const DAY = 86_400_000;

/** See `startTokenServer` in token-server.ts. */
export async function start(options: TokenServerOptions): Promise<TokenServer> {
  const { config, output, now = systemClock, stop = NEVER } = options;
  await using begun = new AsyncDisposableStack();
  const sealer = new Sealer();
  const { audit } = config;
  const telemetry = createTelemetry({ output, audit, now, seal: sealer.current });
  begun.defer(() => telemetry.close());
  const { emit } = telemetry;
  let readiness = (): readonly string[] => ['NOT_READY'];
  const status =
    config.status &&
    (await startStatus({ ...pages(telemetry, () => readiness()), ...config.status }));
  begun.defer(() => status?.close());
  await awaitCredentials({ ...config, limits: { startWait: START_WAIT } }, emit, stop);
  const killSwitch = new KillSwitch(config.admin?.killed);
  const tasks = new TaskGrants({ file: config.sts.tasks?.file, now });
  const sources = new StsSources(config, emit, now);
  sealer.use(sources.common.identity);
  const parts = { config, telemetry, sources, tasks, killSwitch, now };
  const { verifier, service } = createService(parts);
  begun.adopt(verifier, (it) => it.close());
  const door = begun.adopt(new TokenDoor(service.handle.bind(service)), (it) => it.close());
  const server = begun.adopt(listener(door, parts), (it) => void it.close());
  const use = { what: 'the token service', setting: 'sts.listen' };
  const address = await bind(server, config.sts.listen, use);
  readiness = () => readinessOf(parts);
  const lookAtKeys = () => void verifier.refresh(sources.common.policy.current.issuers);
  const loading = { lookAtKeys, audit: telemetry };
  const reloader = begun.adopt(new StsReloader(config, sources, loading), (it) => it.close());
  if (options.file !== undefined)
    begun.adopt(watchConfiguration(options.file, emit), (it) => it.close());
  if (config.admin !== undefined) {
    // Nothing that is open outlives its request: there is nothing to cut.
    const inbound = { sources: sources.common, review: () => 0 };
    const handlers = stsHandlers({ telemetry, inbound, killSwitch, now, reloader, tasks });
    begun.adopt(await startAdmin({ ...config.admin, handlers }), (it) => it.close());
  }
  const where = `https://${renderListen(address)}`;
  const message = `gives tokens as ${config.sts.issuer} on ${where}, signed with ${kidOf(sources.keys.current)}`;
  emit({ kind: 'log', level: 'info', message });
  const everything = begun.move();
  let drained: Promise<void> | undefined;
  const close = (within: number): Promise<void> =>
    (drained ??= door.drain(within).then(() => everything.disposeAsync()));
  return {
    address,
    status: status?.address,
    reload: () => reloader.all(),
    flush: () => telemetry.flush(),
    drain: () => {
      server.close();
      return close(DRAIN);
    },
    stopNow: () => door.close(),
    breakOff: () => close(0),
  };
}

const NEVER = new AbortController().signal;

interface Parts {
  readonly config: StsConfig;
  readonly telemetry: Telemetry;
  readonly sources: StsSources;
  readonly tasks: TaskGrants;
  readonly killSwitch: KillSwitch;
  readonly now: Clock;
}

function createService(parts: Parts): { verifier: TokenVerifier; service: TokenService } {
  const { config, telemetry, sources, tasks, killSwitch, now } = parts;
  const { emit } = telemetry;
  const { identity, trust, policy } = sources.common;
  const own = ownIssuer(config.sts.issuer);
  const verifier = createVerifier({
    ...{ now, emit, publicUrl: undefined, development: config.development },
    ownSpiffeId: () => identity.current.spiffeId.toString(),
    fetchKeys: withOwnKeys(own, sources.keys, keysOver(identity, trust, now)),
  });
  // What was found good with a key that is retired now is good no more.
  sources.keys.onSwap(() => void verifier.refresh([own]));
  const isKilled = killSwitch.has.bind(killSwitch);
  const service = new TokenService({
    ...{ issuer: config.sts.issuer, keys: sources.keys, tasks, now, emit },
    longestTask: config.sts.tasks?.longest ?? DAY,
    registry: () => registryOf(policy.current, isKilled),
    readSubject: subjectReader({ verifier, own, policy }),
    stillTrusted: (peer: VerifiedPeer) => stillTrusted(peer, trust.current, now()),
    mayRecord: () => telemetry.mayRecord(),
  });
  return { verifier, service };
}

function listener(door: TokenDoor, { telemetry: { emit }, sources, now }: Parts): Server {
  const { identity, trust } = sources.common;
  const refusals = new Refusals(now, emit);
  const server = createTlsServer({
    ...{ identity, trust, now },
    events: {
      onPeer: (socket, peer) => {
        emit({ kind: 'handshake', result: 'OK' });
        if (door.accept(socket, peer)) return;
        const { address, serial, spiffeId } = peer;
        const detail = 'the token service has no room for it';
        const about = { address, serial, claimedId: spiffeId.toString(), verified: true };
        refusals.record({ code: 'TOO_MANY_CONNECTIONS', detail, ...about });
      },
      onRefused: (socket, refused) => {
        emit({ kind: 'handshake', result: refused.code });
        refusals.tell(socket, refused);
      },
      onHandshakeFailed: (failed) => {
        emit({ kind: 'handshake', result: failed.code });
        refusals.record(failed);
      },
    },
  });
  return server.on('close', () => refusals.destroyAll());
}

function readinessOf({ telemetry, sources, now }: Parts): readonly string[] {
  const expired = now() >= sources.common.identity.current.notAfter;
  const reasons = expired ? ['CERTIFICATE_EXPIRED'] : [];
  return telemetry.mayRecord() ? reasons : [...reasons, 'AUDIT_FULL'];
}

function pages(telemetry: Telemetry, readiness: () => readonly string[]) {
  const { metricsContentType } = telemetry;
  return { readiness, metrics: () => telemetry.metrics(), metricsContentType };
}

function kidOf([{ kid }]: SigningKeys): string {
  return kid;
}
