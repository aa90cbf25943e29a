import { useState } from 'react';
import { BASE } from '../lib/base-path.ts';
import classes from './still.module.css';

/** A small picture from the middle of an original, decoration only; a gray field where it has none. */
export function Still({ file }: { file: number }) {
  const [gone, setGone] = useState(false);
  return (
    <span className={classes.still}>
      {!gone && (
        <img
          src={`${BASE}/api/files/${file}/frames/source/2.jpg?width=160&optional=1`}
          alt=""
          loading="lazy"
          onError={() => setGone(true)}
        />
      )}
    </span>
  );
}
