import { Button, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { onConnection } from '../lib/transport.ts';

/** Contains a rendering error, so that the rest of the interface keeps working. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  #stop: (() => void) | undefined;

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(): void {
    // A chunk that failed to load because the master was gone or updated is available after the reconnection.
    this.#stop = onConnection((connection) => connection === 'online' && location.reload());
  }

  override componentWillUnmount(): void {
    this.#stop?.();
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <Text c="dimmed" role="alert">
        Couldn't show this part of the page.{' '}
        <Button variant="subtle" size="compact-sm" onClick={() => location.reload()}>
          Reload page
        </Button>
      </Text>
    );
  }
}
