import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';
import { type CallName, CONTRACT } from '../../../src-shared/contract/index.ts';

/** A message of the fuzzer: a call by name with any input. */
export interface Message {
  name: string;
  input: unknown;
}

interface Schema {
  [key: string]: unknown;
  type?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxItems?: number;
  minItems?: number;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
}

/** Lists and texts are no longer than this where the schema allows more: size is a matter of its own. */
const MAX_LENGTH = 24;
/** Names of calls that are none. */
const STRANGE_NAMES = ['__proto__', 'toString', '', 'job', 'job.lease ', 'x'.repeat(2000)];
/** What has broken programs before. */
const NASTY = [
  '\u0000',
  '\u001b[2J',
  '../../etc/passwd',
  '-i',
  '\ud800',
  '__proto__',
  '%00',
  "'; DROP TABLE files; --",
];
/** Calls whose good inputs reach beyond the program under test (other folders and computers), or take so long that all else waits. */
const REACHING: ReadonlySet<string> = new Set<CallName>([
  ...(['folder.list', 'library.add', 'master.join', 'master.search'] as const),
  ...(['access.setPassword', 'doctor'] as const),
]);

const leaf = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...NASTY, null, -1, 2 ** 53, 1e308, [], {}));

/** Values that a schema of zod's JSON Schema takes. */
function valuesOf(schema: Schema): Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(valuesOf));
  if (schema.allOf) return fc.tuple(...schema.allOf.map(valuesOf)).map((parts) => Object.assign({}, ...parts));
  if (schema.type === 'string') return textsOf(schema);
  if (schema.type === 'integer' || schema.type === 'number') return numbersOf(schema);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  if (schema.type === 'array') {
    const { minItems: minLength = 0, maxItems = MAX_LENGTH } = schema;
    return fc.array(valuesOf(schema.items ?? {}), { minLength, maxLength: Math.min(maxItems, MAX_LENGTH) });
  }
  if (schema.type !== 'object') return leaf;
  if (schema.propertyNames)
    return fc.dictionary(valuesOf(schema.propertyNames) as Arbitrary<string>, leaf, { maxKeys: 3 });
  const members = Object.entries(schema.properties ?? {}).map(([key, part]) => [key, valuesOf(part)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: schema.required ?? [] });
}

function textsOf({ pattern, minLength = 0, maxLength = MAX_LENGTH }: Schema): Arbitrary<string> {
  const isPlain =
    pattern !== undefined && !pattern.includes('\\P') && !pattern.includes('\\0') && !pattern.includes('(?');
  if (isPlain) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, Math.max(minLength, MAX_LENGTH)), unit: 'grapheme' });
}

function numbersOf({ type, minimum, exclusiveMinimum, maximum = 2 ** 31 }: Schema): Arbitrary<number> {
  const least = minimum ?? exclusiveMinimum ?? -(2 ** 31);
  const [min, max] = [Math.max(least, -(2 ** 53)), Math.min(maximum, 2 ** 53)];
  // Numbers of rows are small, and meet what is there.
  const small = { min: Math.ceil(min), max: Math.min(Math.floor(max), Math.ceil(min) + 9) };
  return type === 'integer' ? fc.integer(small) : fc.double({ min, max, noNaN: true });
}

/** The same value with something in it changed, added or taken away. */
function damaged(value: unknown, how: number, by: unknown): unknown {
  if (typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  const key = keys[how % (keys.length + 1)];
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...value };
  if (key === undefined) copy[typeof by === 'string' ? by : 'more'] = by;
  else if (how % 3 === 0) delete copy[key];
  else copy[key] = damaged(copy[key], how >> 3, by);
  return copy;
}

const names = Object.keys(CONTRACT) as CallName[];

function messagesOf(name: CallName): Arbitrary<Message> {
  const schema = z.toJSONSchema(CONTRACT[name].input, { io: 'input', unrepresentable: 'any' }) as Schema;
  const good = valuesOf(schema);
  const bad = fc.tuple(good, fc.nat(), leaf).map(([value, how, by]) => damaged(value, how, by));
  const input = fc
    .oneof({ arbitrary: good, weight: 3 }, { arbitrary: bad, weight: 3 }, { arbitrary: leaf, weight: 1 })
    .filter((value) => !REACHING.has(name) || !CONTRACT[name].input.safeParse(value).success);
  return input.map((value) => ({ name, input: value }));
}

/** Good, damaged and senseless inputs of every call of the contract, and calls that are none. */
const messages: Arbitrary<Message> = fc.oneof(
  { arbitrary: fc.oneof(...names.map(messagesOf)), weight: 50 },
  { arbitrary: fc.record({ name: fc.constantFrom(...STRANGE_NAMES), input: leaf }), weight: 1 },
);

/** So many messages, the same ones for the same seed. */
export function sampleMessages(count: number, seed: number): Message[] {
  return fc.sample(messages, { numRuns: count, seed });
}
