import pino from 'pino';
import { expect, it } from 'vitest';
import { EventBus } from './event-bus.ts';

const LIBRARIES = {};

it('a listener that fails is logged, and keeps neither the sender nor other listeners from their work', () => {
  const logged: string[] = [];
  const bus = new EventBus(pino({}, { write: (line) => logged.push(JSON.parse(line).msg) }));
  const received: string[] = [];
  bus.on('libraries', () => {
    throw new Error('The disk is full.');
  });
  bus.on('libraries', () => received.push('other'));
  bus.emit('libraries', LIBRARIES);
  expect(received).toEqual(['other']);
  expect(logged).toEqual(['The disk is full.']);
});

it('nothing is published after the stop, nor to a listener that has left', () => {
  const bus = new EventBus(pino({ level: 'silent' }));
  let received = 0;
  const leave = bus.on('libraries', () => {
    received += 1;
  });
  bus.emit('libraries', LIBRARIES);
  leave();
  bus.emit('libraries', LIBRARIES);
  bus.on('libraries', () => {
    received += 1;
  });
  bus.stop();
  bus.emit('libraries', LIBRARIES);
  expect(received).toBe(1);
});
