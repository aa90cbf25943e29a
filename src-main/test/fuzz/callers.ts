import { io, type Socket } from 'socket.io-client';
import { type Actor, type CallName, CONTRACT } from '../../../src-shared/contract/index.ts';
import { type Hello, PROTOCOL } from '../../../src-shared/fleet/protocol.ts';
import { Capabilities } from '../../../src-shared/fleet/worker-info.ts';
import type { Device } from '../../lan/device-identity.ts';
import { pinnedAgent } from '../../lan/peer-certificate.ts';
import { VERSION } from '../../platform/version.ts';
import type { Message } from './inputs.ts';

/** How many calls were done, refused, or not answered in time. */
export const tally = { done: 0, refused: 0, silent: 0, cut: 0 };
/** Calls that were not answered in time, by name. */
export const silent = new Map<string, number>();

/** What a master answers to a call. */
interface Answer {
  ok: boolean;
  output?: unknown;
  code?: string;
  sentence?: string;
}

/** Someone who sends whatever comes, with the rights of one kind. */
export interface Fuzzer {
  kind: Actor['kind'];
  socket: Socket;
}

/** A call that is not answered in this time waits for something, in ms. */
const PATIENCE_MS = 5000;
const DEFECT = 'Internal error';

/** Comes again when the master has ended the connection. */
function returning(socket: Socket): Socket {
  return socket.on('disconnect', (reason) => {
    tally.cut += 1;
    if (reason === 'io server disconnect') socket.connect();
  });
}

export function asUser(url: string, token: string): Fuzzer {
  return { kind: 'user', socket: returning(io(url, { transports: ['websocket'], forceNew: true, auth: { token } })) };
}

/** A computer with a certificate, known to the master or not. */
export function asComputer(kind: 'worker' | 'stranger', origin: string, device: Device, certificate: string): Fuzzer {
  const hello = helloOf(device.id);
  const agent = pinnedAgent(device, certificate) as never;
  const socket = io(origin, { transports: ['websocket'], forceNew: true, agent, auth: { hello, as: kind } });
  return { kind, socket: returning(socket) };
}

/** How a computer of the fuzzer introduces itself. */
export function helloOf(device: string): Hello {
  const computer = {
    cores: 2,
    memory: 1e9,
    tempFree: 1e12,
    ffmpeg: Capabilities.parse({ version: '7.1' }),
    senses: [],
  };
  return { name: 'fuzzer', device, version: VERSION, protocol: PROTOCOL, computer };
}

/**
 * Sends a message.
 * @returns what is wrong with the answer, as a sentence; undefined when nothing is, or none came in time
 */
export async function send({ kind, socket }: Fuzzer, { name, input }: Message): Promise<string | undefined> {
  let answer: Answer;
  try {
    answer = await socket.timeout(PATIENCE_MS).emitWithAck('rpc', name, input);
  } catch {
    tally.silent += 1;
    silent.set(`${kind} ${name}`, (silent.get(`${kind} ${name}`) ?? 0) + 1);
    return undefined;
  }
  tally[answer.ok ? 'done' : 'refused'] += 1;
  const spec = Object.hasOwn(CONTRACT, name) ? CONTRACT[name as CallName] : undefined;
  const mayCall = spec !== undefined && (spec.access === kind || spec.access === 'public');
  if (!mayCall)
    return answer.ok || answer.code !== 'missing' ? `a ${kind} was answered: ${JSON.stringify(answer)}` : undefined;
  if (!answer.ok) return answer.sentence?.startsWith(DEFECT) ? `a defect for a ${kind}` : undefined;
  if (!spec.input.safeParse(input).success) return `a ${kind} was answered although its input is none`;
  const { error } = spec.output.safeParse(answer.output);
  return error && `an answer to a ${kind} that the contract does not know: ${error.message.slice(0, 300)}`;
}
