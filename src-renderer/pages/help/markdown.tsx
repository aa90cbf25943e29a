import { Table } from '@mantine/core';
import MarkdownToJsx from 'markdown-to-jsx/react';
import type { ComponentProps, ReactNode } from 'react';
import { Link } from 'wouter';

function PageLink({ href = '', children }: { href?: string; children?: ReactNode }) {
  const [, page] = /^([\w-]+)\.md/.exec(href) ?? [];
  if (page) return <Link href={`/help/${page}`}>{children}</Link>;
  // A heading of the same page, or a file that does not come with the app.
  if (!/^https?:/.test(href)) return children;
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

const ScrolledTable = (props: ComponentProps<typeof Table>) => (
  <Table.ScrollContainer minWidth={480} type="native" tabIndex={0} role="region" aria-label="Table">
    <Table verticalSpacing={4} {...props} />
  </Table.ScrollContainer>
);

const OPTIONS: NonNullable<ComponentProps<typeof MarkdownToJsx>['options']> = {
  forceBlock: true,
  overrides: {
    a: PageLink,
    // The title of the page is the only first heading.
    h1: 'h2',
    // Pictures stay in the repository.
    img: () => null,
    table: ScrolledTable,
    thead: Table.Thead,
    tbody: Table.Tbody,
    tr: Table.Tr,
    th: Table.Th,
    td: Table.Td,
  },
};

/** A page of the documentation. */
export function Markdown({ text }: { text: string }) {
  return <MarkdownToJsx options={OPTIONS}>{text}</MarkdownToJsx>;
}
