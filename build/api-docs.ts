import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import * as fileView from '../src-shared/contract/file-view.ts';
import * as fleetView from '../src-shared/contract/fleet-view.ts';
import * as contract from '../src-shared/contract/index.ts';
import * as logLine from '../src-shared/contract/log-line.ts';
import * as access from '../src-shared/contract/session.ts';
import * as insights from '../src-shared/contract/stats-view.ts';
import * as protocol from '../src-shared/fleet/protocol.ts';
import * as workerInfo from '../src-shared/fleet/worker-info.ts';
import * as chunkLease from '../src-shared/jobs/chunk-lease.ts';
import * as lease from '../src-shared/jobs/lease.ts';
import * as media from '../src-shared/media/probe.ts';
import * as quality from '../src-shared/media/quality.ts';
import * as plan from '../src-shared/plan/plan.ts';
import * as skip from '../src-shared/plan/skip.ts';
import * as settings from '../src-shared/settings/settings.ts';

const { CONTRACT } = contract;

/** Lines are broken at about this width. */
const WIDTH = 110;

interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema | false;
  prefixItems?: JsonSchema[];
  default?: unknown;
  minimum?: number;
  pattern?: string;
}

/** Every exported schema by its name, so that each type is described once. */
const NAMES = z.registry<{ id: string }>();
const jobs = [chunkLease, lease];
const modules = [
  access,
  contract,
  fileView,
  fleetView,
  insights,
  ...jobs,
  logLine,
  media,
  plan,
  protocol,
  quality,
  skip,
];
for (const module of [...modules, settings, workerInfo]) {
  for (const [id, value] of Object.entries(module)) {
    if (value instanceof z.ZodType && !NAMES.has(value)) NAMES.add(value, { id });
  }
}

const schemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', metadata: NAMES, unrepresentable: 'any' }) as JsonSchema;

/** A type as TypeScript writes it; one that is too wide for a line is broken at its members. */
function typeOf(schema: JsonSchema, indent = ''): string {
  if (schema.$ref) return schema.$ref.replace('#/$defs/', '');
  if (schema.const !== undefined) return JSON.stringify(schema.const).replaceAll('"', "'");
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((option) => typeOf(option, indent)).join(' | ');
  if (schema.allOf) return schema.allOf.map((part) => typeOf(part, indent)).join(' & ');
  if (schema.type === 'array') {
    if (schema.prefixItems) return `[${schema.prefixItems.map((item) => typeOf(item, indent)).join(', ')}]`;
    const items = schema.items || {};
    const item = typeOf(items, indent);
    return item.includes(' | ') && !items.properties ? `(${item})[]` : `${item}[]`;
  }
  if (schema.properties) return objectOf(schema, indent);
  if (schema.type === 'object') {
    const of = schema.additionalProperties;
    return typeof of === 'object' ? `Record<string, ${typeOf(of, indent)}>` : '{}';
  }
  const kinds = [schema.type ?? 'unknown'].flat();
  return kinds.map((kind) => (kind === 'integer' ? 'number' : kind)).join(' | ');
}

function objectOf({ properties = {}, required = [] }: JsonSchema, indent: string): string {
  const deeper = `${indent}  `;
  const members = Object.entries(properties).map(([name, member]) => {
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
    return `${key}${required.includes(name) ? '' : '?'}: ${typeOf(member, deeper)}`;
  });
  if (members.length === 0) return '{}';
  const line = `{ ${members.join('; ')} }`;
  if (indent.length + line.length <= WIDTH && !line.includes('\n')) return line;
  return `{\n${members.map((member) => `${deeper}${member};`).join('\n')}\n${indent}}`;
}

/** The smallest input of its kind, for an example. */
function sampleOf(schema: JsonSchema, defs: Record<string, JsonSchema>): unknown {
  if (schema.$ref) return sampleOf(defs[schema.$ref.replace('#/$defs/', '')] ?? {}, defs);
  if (schema.const !== undefined) return schema.const;
  const options = schema.anyOf ?? schema.oneOf;
  if (options?.some(({ type }) => type === 'null')) return null;
  if (options?.[0]) return sampleOf(options[0], defs);
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'array') return schema.items ? [sampleOf(schema.items, defs)] : [];
  if (schema.type === 'boolean') return true;
  if (schema.type === 'integer' || schema.type === 'number') return 1;
  if (schema.type === 'string') return schema.pattern ? '123456' : 'something';
  const wanted = (schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {}, defs)]);
  return Object.fromEntries(wanted);
}

/** An input that a call takes. */
export function exampleOf(name: contract.CallName): unknown {
  const schema = schemaOf(CONTRACT[name].input);
  return sampleOf(schema, schema.$defs ?? {});
}

const WHO: Record<contract.Access, string> = {
  public: 'anybody',
  user: 'users',
  worker: 'workers, over their encrypted connection',
  stranger: 'computers that want to become workers',
};

function callSection(name: contract.CallName, types: Map<string, JsonSchema>): string {
  const { access: who, reads, help, input, output } = CONTRACT[name];
  const [given, answered] = [schemaOf(input), schemaOf(output)];
  for (const { $defs = {} } of [given, answered])
    for (const [id, schema] of Object.entries($defs)) types.set(id, schema);
  const signature = `${name}(${typeOf(given)}): ${typeOf(answered)}`;
  const way =
    who === 'user'
      ? [
          `For ${WHO[who]}; ${reads ? 'changes nothing' : 'POST only'}.`,
          '```',
          `curl -H @headers http://localhost:8090/api/rpc/${name} -d '${JSON.stringify(exampleOf(name))}'`,
          '```',
        ]
      : [`For ${WHO[who]}.`];
  return [`### ${name}`, '', `${help}.`, '', '```ts', signature, '```', '', ...way].join('\n');
}

/** The calls by the first word of their names. */
function callSections(types: Map<string, JsonSchema>): string {
  const names = (Object.keys(CONTRACT) as contract.CallName[]).sort();
  const families = Map.groupBy(names, (name) => (name.includes('.') ? (name.split('.')[0] ?? '') : 'this Flotilla'));
  return [...families]
    .map(([family, calls]) => [`## ${family}`, ...calls.map((name) => callSection(name, types))].join('\n\n'))
    .join('\n\n');
}

/** Names, payload types, and comments of the events, from the contract's source. */
function declaredEvents(): { name: contract.EventName; type: string; comment: string }[] {
  const source = readFileSync(path.join(import.meta.dirname, '../src-shared/contract/events.ts'), 'utf8');
  const declaration = /\n {2}\/\*\*([\s\S]*?)\*\/\n {2}(\w+): event<(.*?)>\(\{/g;
  return [...source.slice(source.indexOf('export const EVENTS')).matchAll(declaration)].map(
    ([, comment = '', name, type = '']) => ({
      name: name as contract.EventName,
      type,
      comment: comment.replace(/\s*\n\s*\*\s?/g, ' ').trim(),
    }),
  );
}

function eventTable(): string {
  const rows = declaredEvents()
    .filter(({ name }) => contract.EVENTS[name].audience !== 'node')
    .map(({ name, type, comment }) => `| \`${name}\` | \`${type.replaceAll('|', '\\|')}\` | ${comment} |`);
  return ['| event | payload | when |', '|---|---|---|', ...rows].join('\n');
}

/** Everything of docs/api.md that is made from the contract. */
export function apiReference(): string {
  const types = new Map<string, JsonSchema>();
  const calls = callSections(types);
  const declared = [...types]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([id, schema]) => `type ${id} = ${typeOf(schema)};`);
  return ['## Events', eventTable(), calls, '## Types', `\`\`\`ts\n${declared.join('\n\n')}\n\`\`\``].join('\n\n');
}
