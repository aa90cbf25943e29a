import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'wouter';
import { ErrorAlert } from '../../components/error-alert.tsx';
import { Loading } from '../../components/loading.tsx';
import { PageBody, PageHead } from '../../components/page.tsx';
import { useLive } from '../../store/live.ts';
import { NotFoundPage } from '../not-found.tsx';
import classes from './help.module.css';
import { Markdown } from './markdown.tsx';

/** The documentation that this version was built with; each page is fetched when it is opened. */
const FILES = import.meta.glob<string>('../../../docs/*.md', { query: '?raw', import: 'default' });
const PAGES = new Map(Object.entries(FILES).map(([file, load]) => [file.replace(/^.*\/(.*)\.md$/, '$1'), load]));

const titleOf = (page: string) => `${page.charAt(0).toUpperCase()}${page.slice(1).replaceAll('-', ' ')}`;

function Page({ page, load }: { page: string; load: () => Promise<string> }) {
  const { data, error, refetch } = useQuery({ queryKey: ['documentation', page], queryFn: load });
  if (error) return <ErrorAlert error={error} retry={refetch} />;
  return data === undefined ? (
    <Loading lines={8} />
  ) : (
    <div className={classes.text}>
      <Markdown text={data} />
    </div>
  );
}

/** The documentation of this version, also where there is no internet. */
export function HelpPage() {
  const { page = 'glossary' } = useParams<{ page?: string }>();
  const version = useLive((live) => live.about?.version);
  const load = PAGES.get(page);
  if (!load) return <NotFoundPage />;
  return (
    <>
      <PageHead title="Help" sentence={version && `Documentation of version ${version}.`} />
      <PageBody>
        <div className={classes.columns}>
          <nav aria-label="Documentation">
            {[...PAGES.keys()].map((name) => (
              <Link
                key={name}
                href={`/help/${name}`}
                className={classes.link}
                aria-current={name === page ? 'page' : undefined}
              >
                {titleOf(name)}
              </Link>
            ))}
          </nav>
          <article aria-label={titleOf(page)}>
            <Page page={page} load={load} />
          </article>
        </div>
      </PageBody>
    </>
  );
}
