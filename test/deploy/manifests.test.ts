import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { HOME } from './support/compiled.ts';
import { faultsOf, manifestsIn, type Manifest } from './support/kubernetes.ts';

const DEPLOY = join(HOME, 'deploy');
const read = (file: string): string => readFileSync(join(DEPLOY, file), 'utf8');
const withoutComments = (text: string): string => text.replace(/^#.*\n/gm, '').trim();

const { resources } = parse(read('kubernetes/kustomization.yaml')) as { resources: string[] };
const manifests = resources.flatMap((file) => manifestsIn(read(`kubernetes/${file}`)));

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly unknown[];
  readonly securityContext: Record<string, unknown>;
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly?: boolean }[];
}
interface Pod {
  readonly securityContext: object;
  readonly terminationGracePeriodSeconds: number;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}

function podOf(all: readonly Manifest[]): Pod {
  const deployment = all.find(({ kind }) => kind === 'Deployment');
  return (deployment as unknown as { spec: { template: { spec: Pod } } }).spec.template.spec;
}

const pod = podOf(manifests);
const { config } = loadConfig(join(DEPLOY, 'sidecar/sidegate.yaml'), {
  flags: {},
  trust: [],
  variables: {},
  folder: DEPLOY,
});

describe('the deployed configuration', () => {
  test('loads, and is the same text everywhere', () => {
    const policy = read('sidecar/policy.yaml');
    expect(loadPolicy(policy, 'policy.yaml').warnings).toEqual([]);
    expect(config.inbound.upstream).toEqual({ kind: 'unix', path: '/run/agent/agent.sock' });
    const map = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as {
      data: Record<string, string>;
    };
    const values = parse(read('helm/sidegate/values.yaml')) as Record<string, string>;
    const texts = [read('sidecar/sidegate.yaml'), policy].map(withoutComments);
    expect(Object.values(map.data).map(withoutComments)).toEqual(texts);
    expect([values.config, values.policy].map((text) => withoutComments(text ?? ''))).toEqual(
      texts,
    );
  });

  test('ends in time: the platform waits longer than the drain', () => {
    const compose = parse(read('compose.yaml')) as {
      services: Record<string, { stop_grace_period?: string }>;
    };
    expect(parseInt(compose.services.sidecar?.stop_grace_period ?? '', 10) * 1000).toBeGreaterThan(
      config.limits.drain,
    );
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(config.limits.drain + 5000);
  });
});

describe('compose', () => {
  const { services, volumes } = parse(read('compose.yaml')) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, { driver_opts?: { o: string } }>;
  };

  test('gives the agent no network and no port, and its socket to the sidecar only', () => {
    expect(services.agent).toMatchObject({
      network_mode: 'none',
      read_only: true,
      cap_drop: ['ALL'],
    });
    expect(services.agent).not.toHaveProperty('ports');
    const users = Object.entries(services).filter(([, { volumes: mounts }]) =>
      JSON.stringify(mounts ?? []).includes('agent-socket'),
    );
    expect(users.map(([name]) => name)).toEqual(['agent', 'sidecar']);
    expect(volumes['agent-socket']?.driver_opts?.o).toContain('uid=10001,gid=65532,mode=2750');
  });

  test('publishes one port to others: that of the sidecar', () => {
    const published = Object.values(services).flatMap(({ ports }) => (ports ?? []) as string[]);
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual(['8443:8443']);
  });

  test('pins what it does not build', () => {
    const images = Object.values(services).flatMap(({ image }) => (image ?? []) as string[]);
    expect(images.every((image) => /:v?\d+\.\d+\.\d+$/.test(image))).toBe(true);
  });
});

describe('the Kubernetes manifests', () => {
  test.each(
    manifests.map((manifest) => [manifest.kind, manifest.metadata.name, manifest] as const),
  )('%s %s fits the published schema', (_kind, _name, manifest) => {
    expect(faultsOf(manifest)).toEqual([]);
  });

  test('the check sees what is wrong', () => {
    const wrong = manifestsIn(
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { selektor: {}, ports: [{ port: x }] }\n',
    );
    expect(wrong.flatMap(faultsOf)).toEqual([
      'Service/a.spec.selektor: is unknown',
      'Service/a.spec.ports[0].port: is string, must be integer',
    ]);
  });

  test('every container is without rights, on a read-only root', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { securityContext } of [...pod.initContainers, ...pod.containers])
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  });

  test('the sidecar is a native one, and only it has ports, the key and, beside the agent, the socket', () => {
    const all = [...pod.initContainers, ...pod.containers];
    const having = (test: (container: Container) => boolean) =>
      all.filter(test).map(({ name }) => name);
    expect(having(({ restartPolicy }) => restartPolicy === 'Always')).toEqual(['sidegate']);
    expect(having(({ ports }) => ports !== undefined)).toEqual(['sidegate']);
    const mounts = (volume: string) =>
      having((c) => c.volumeMounts.some(({ name }) => name === volume));
    expect(mounts('sidegate')).toEqual(['sidegate']);
    expect(mounts('socket')).toEqual(['socket-folder', 'sidegate', 'agent']);
    const users = new Set(all.map(({ securityContext }) => securityContext.runAsUser));
    expect([...users]).toEqual([10001, 65532]);
  });
});

const hasHelm = spawnSync('helm', ['version']).error === undefined;

describe('the Helm chart', () => {
  test.skipIf(!hasHelm)('renders to the manifests (skipped where helm is not installed)', () => {
    const args = [
      'template',
      'invoices',
      join(DEPLOY, 'helm/sidegate'),
      '--kube-version',
      '1.30.0',
    ];
    const { stdout, stderr, status } = spawnSync('helm', args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // What a chart is for: pods begin anew when the configuration changes.
    const text = stdout.replace(/^ +checksum\/config: \w+\n/m, '');
    expect(byName(manifestsIn(text))).toEqual(byName(manifests));
  });

  test('has a template for each manifest, and uses every value', () => {
    for (const file of resources) read(`helm/sidegate/templates/${file}`);
    const templates = [...resources, '_labels.tpl']
      .map((file) => read(`helm/sidegate/templates/${file}`))
      .join('\n');
    const used = new Set(
      [...templates.matchAll(/\.Values\.([\w.]+)/g)].map(([, name = '']) => name),
    );
    const values = leavesOf(parse(read('helm/sidegate/values.yaml')) as object);
    expect(
      values.filter(
        (value) => ![...used].some((name) => value === name || value.startsWith(`${name}.`)),
      ),
    ).toEqual([]);
    expect(
      [...used].filter(
        (name) => !values.some((value) => value === name || value.startsWith(`${name}.`)),
      ),
    ).toEqual([]);
  });
});

function byName(all: readonly Manifest[]): Record<string, Manifest> {
  return Object.fromEntries(
    all.map((manifest) => [`${manifest.kind}/${manifest.metadata.name}`, manifest]),
  );
}

function leavesOf(value: object, path = ''): readonly string[] {
  return Object.entries(value).flatMap(([key, entry]: [string, unknown]) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? leavesOf(entry, `${path}${key}.`)
      : [`${path}${key}`],
  );
}
