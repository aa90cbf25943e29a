import { Button, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { onConnection } from '../transport.ts';

/** Keeps what went wrong in one part from taking the whole interface with it. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  #stop: (() => void) | undefined;

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(): void {
    // A part that was to be loaded while the master was gone, or that its update replaced, is there again afterwards.
    this.#stop = onConnection((connection) => connection === 'online' && location.reload());
  }

  override componentWillUnmount(): void {
    this.#stop?.();
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <Text c="dimmed" role="alert">
        This part could not be shown.{' '}
        <Button variant="subtle" size="compact-sm" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </Text>
    );
  }
}
