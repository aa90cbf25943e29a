import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from 'wouter';
import { Nothing } from '../components/bits.tsx';
import { PageBody, PageHead } from '../components/page.tsx';

/** An address that leads nowhere. */
export function LostPage() {
  return (
    <>
      <PageHead title="Nothing here" />
      <PageBody>
        <Nothing
          icon={IconMapQuestion}
          title="There is no such page"
          action={
            <Button component={Link} href="/">
              To the dashboard
            </Button>
          }
        >
          The address may be mistyped, or from another version of Flotilla.
        </Nothing>
      </PageBody>
    </>
  );
}
