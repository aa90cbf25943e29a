import { useEffect } from 'react';
import type { Live } from '../../../src-shared/contract/index.ts';
import { nameOf } from '../../lib/labels.ts';
import { queries, useCall } from '../../store/queries.ts';
import { Disk } from './computers.tsx';
import classes from './dashboard.module.css';

/** No event says that a disk fills: it is looked at again this often, in ms. */
const LOOK_AGAIN_MS = 30_000;

/** The room on the disks of all libraries, and in this computer's folder for unfinished results. */
export function Disks({ live: { libraries, workers } }: { live: Live }) {
  const space = useCall('library.space', {});
  useEffect(() => {
    const timer = setInterval(() => queries.invalidateQueries({ queryKey: ['library.space'] }), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const load = workers.find(({ local }) => local)?.load;
  return (
    <ul className={classes.results}>
      {libraries.map(({ id, root }) => {
        const found = space.data?.find(({ library }) => library === id);
        return found && <LibraryDisk key={id} name={nameOf(root)} {...found} />;
      })}
      {load && <Disk name="Unfinished results" free={load.tempFree} total={load.tempTotal} />}
    </ul>
  );
}

/** The disk of a library, with what converting the videos that wait would bring it. */
function LibraryDisk({
  library,
  ...disk
}: {
  library: number;
  name: string;
  free: number | null;
  total: number | null;
}) {
  const { data } = useCall('forecast.get', { library }, { keep: true });
  const gain = data ? data.bytes - data.bytesAfter : 0;
  return <Disk {...disk} gain={gain} />;
}
