import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from 'wouter';
import { EmptyState } from '../components/empty-state.tsx';
import { PageBody, PageHead } from '../components/page.tsx';

/** An address that leads nowhere. */
export function NotFoundPage() {
  return (
    <>
      <PageHead title="Page not found" />
      <PageBody>
        <EmptyState
          icon={IconMapQuestion}
          title="Nothing at this address"
          action={
            <Button component={Link} href="/">
              Go to dashboard
            </Button>
          }
        >
          The address may be mistyped or belong to another version of Flotilla.
        </EmptyState>
      </PageBody>
    </>
  );
}
